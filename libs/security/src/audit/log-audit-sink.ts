import type { RootLogger } from '@app/logging';
import type { AuditRecord } from './audit-record.js';
import { AuditSink } from './audit-sink.js';

/** One log line per record, whatever the log level. As durable as the log is: a line the log drops is lost. */
export class LogAuditSink extends AuditSink {
  constructor(private readonly log: Pick<RootLogger, 'record'>) {
    super();
  }

  override record({ at: _logged, ...facts }: AuditRecord): void {
    this.log.record('audit', facts);
  }
}
