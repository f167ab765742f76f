import type { Logger } from 'pino';
import type { CallLogger } from '@app/mcp';

type Facts = Record<string, unknown>;

/** Structured lines: a message that is always the same text, and facts that vary. */
export class AppLog implements CallLogger {
  constructor(
    private readonly logger: Logger,
    private readonly bound?: Facts,
  ) {}

  /** The facts of a line: only copied where there are two sets of them. What cannot be read costs facts, never a call. */
  private merge(facts: Facts | undefined): Facts {
    if (this.bound === undefined) return facts ?? {};
    try {
      return facts === undefined ? this.bound : { ...this.bound, ...facts };
    } catch {
      return { ...this.bound, facts: '[unreadable]' };
    }
  }

  /** The same log with facts on every line; costs nothing until a line is written. */
  with(facts: Facts): AppLog {
    return new AppLog(this.logger, { ...this.bound, ...facts });
  }

  debug(message: string, facts?: Facts): void {
    if (this.logger.isLevelEnabled('debug')) this.logger.debug(this.merge(facts), message);
  }
  info(message: string, facts?: Facts): void {
    if (this.logger.isLevelEnabled('info')) this.logger.info(this.merge(facts), message);
  }
  warn(message: string, facts?: Facts): void {
    this.logger.warn(this.merge(facts), message);
  }
  /** An `err` fact is written with its stack and its chain of causes. */
  error(message: string, facts?: Facts): void {
    this.logger.error(this.merge(facts), message);
  }
}
