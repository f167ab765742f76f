import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { runningCallOf } from '../call/running-call.js';
import { stagesOf } from '../stages/stages.js';
import { Onion } from './onion.js';

const LAST_GATE = stagesOf('gate').at(-1)!;

/**
 * The platform's one interceptor: everything between the gates and the method. The interceptors of an author or of the application, pipes and the
 * method itself are inside of it, and run anew for every attempt.
 */
@Injectable()
export class StagesInterceptor implements NestInterceptor {
  constructor(private readonly onion: Onion) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (context.getType<string>() !== 'mcp') return next.handle();
    const call = runningCallOf(context);
    if (!call.isAt(LAST_GATE)) throw new Error('A call has come past its gates');
    return from(this.onion.run(call, () => lastValueFrom(next.handle(), { defaultValue: undefined })));
  }
}
