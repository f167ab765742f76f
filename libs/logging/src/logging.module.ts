import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { AppLog } from './app-log.js';
import type { RootLogger } from './root-logger.js';

/** Nest's own lines and ours go through the one root logger. */
@Module({})
export class LoggingModule {
  static of(root: RootLogger): DynamicModule {
    return {
      module: LoggingModule,
      global: true,
      imports: [LoggerModule.forRoot({ pinoHttp: { logger: root.logger, autoLogging: false, quietReqLogger: true } })],
      providers: [{ provide: AppLog, useValue: new AppLog(root.logger) }],
      exports: [AppLog],
    };
  }
}
