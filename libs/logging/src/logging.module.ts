import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { AppLog } from './app-log.js';
import type { RootLogger } from './root-logger.js';

/** What a line may tell of a request and an answer: no header, no query, no body. */
const SERIALIZERS = {
  req: ({ id, method, url }: { id?: unknown; method?: string; url?: string }): object => ({
    id,
    method,
    path: url?.split('?', 1)[0],
  }),
  res: ({ statusCode }: { statusCode?: number }): object => ({ statusCode }),
};

/** Nest's own lines and ours go through the one root logger. */
@Module({})
export class LoggingModule {
  static of(root: RootLogger): DynamicModule {
    return {
      module: LoggingModule,
      global: true,
      imports: [
        LoggerModule.forRoot({
          pinoHttp: { logger: root.logger, autoLogging: false, quietReqLogger: true, serializers: SERIALIZERS },
        }),
      ],
      providers: [{ provide: AppLog, useValue: new AppLog(root.logger) }],
      exports: [AppLog],
    };
  }
}
