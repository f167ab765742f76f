import {
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  Catch,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { map, type Observable } from 'rxjs';
import { z } from 'zod';
import { callOf, Input, ServerError, Tool } from '@app/mcp';
import { CallLimits, DependsOn, Retry, Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { FIXTURE_RISKS } from '@app/testing';

const Key = z.strictObject({ key: z.string().max(64) });
const Text = z.strictObject({ text: z.string() });
type Text = z.infer<typeof Text>;
const reading = {
  title: 'R',
  description: 'Reads',
  input: Key,
  output: Text,
  risk: 'read',
  hints: { destructive: false, idempotent: true, openWorld: false },
} as const;

/** What ran of an author's own, in order, as `what operation`. */
export const seen: string[] = [];
const see = (what: string, context: ExecutionContext): void => void seen.push(`${what} ${callOf(context).operation}`);

export class SeeingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    see('guard', context);
    return true;
  }
}
/** Nest's usual way to say no. */
export class RefusingGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}
export class SeeingInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    see('interceptor', context);
    return next.handle();
  }
}
/** Wraps every answer, as many applications do. */
export class WrappingInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}
export class SeeingPipe implements PipeTransform {
  transform(value: unknown): unknown {
    if (typeof value === 'object' && value !== null && 'key' in value) seen.push('pipe');
    return value;
  }
}

/** Failures only an author knows. */
export class Failed extends Error {}
export class FailedWorse extends Failed {}

const filter = (what: string, error: unknown): never => {
  seen.push(`${what} filter`);
  throw new ServerError('CONFLICT', `Seen by ${what}.`, { cause: error });
};
@Catch(Failed)
export class FailedFilter implements ExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): never {
    return filter('Failed', error);
  }
}
@Catch(FailedWorse)
export class FailedWorseFilter implements ExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): never {
    return filter('FailedWorse', error);
  }
}
@Catch(RangeError)
export class RangeErrorFilter implements ExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): never {
    return filter('RangeError', error);
  }
}
/** Makes an answer of whatever went wrong. */
@Catch()
export class SoothingFilter implements ExceptionFilter {
  catch(_error: unknown, _host: ArgumentsHost): unknown {
    return { text: 'all is well' };
  }
}
/** Makes an answer of the error, which does not fit the schema of any tool here. */
@Catch(FailedWorse)
export class GarblingFilter implements ExceptionFilter {
  catch({ message }: Error, _host: ArgumentsHost): unknown {
    return { trouble: message };
  }
}
/** Makes an answer of the error, which does. */
@Catch(Failed)
export class TellingFilter implements ExceptionFilter {
  catch({ message }: Error, _host: ArgumentsHost): unknown {
    return { text: message };
  }
}

/** Tools with an author's own enhancers, on the class and on methods. */
@UsePipes(SeeingPipe)
@UseInterceptors(SeeingInterceptor)
@UseGuards(SeeingGuard)
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'author', scope: 'author' })
export class AuthorTools {
  @Tool({ ...reading, name: 'read_enhanced' })
  @UseInterceptors(SeeingInterceptor)
  @Retry({ attempts: 3, baseDelayMs: 1, maxDelayMs: 2 })
  @DependsOn({ dependency: 'enhanced' })
  readEnhanced(@Input() { key }: { key: string }): Text {
    return { text: key };
  }

  @Tool({ ...reading, name: 'read_filtered' })
  @UseFilters(RangeErrorFilter, FailedWorseFilter)
  readFiltered(@Input() { key }: { key: string }): Text {
    if (key === 'failed') throw new Failed();
    throw key === 'worse' ? new FailedWorse() : new RangeError(key);
  }

  @Tool({ ...reading, name: 'read_soothed' })
  @UseFilters(SoothingFilter)
  @CallLimits({ callsPerWindow: 1 })
  readSoothed(@Input() { key }: { key: string }): Text {
    return { text: key };
  }

  @Tool({ ...reading, name: 'read_told' })
  @UseFilters(TellingFilter, GarblingFilter)
  readTold(@Input() { key }: { key: string }): Text {
    throw key === 'worse' ? new FailedWorse(key) : new Failed(key);
  }
}

/** A tool without anything of an author's own. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'bare', scope: 'bare' })
export class BareTools {
  @Tool({ ...reading, name: 'read_bare' })
  @CallLimits({ callsPerWindow: 2 })
  readBare(@Input() { key }: { key: string }): Text {
    if (key === 'failed') throw new Failed();
    return { text: key };
  }
}
