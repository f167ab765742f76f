import type { RootLogger } from '@app/logging';
import type { AuditRecord } from './audit-record.js';
import { AuditSink } from './audit-sink.js';

/**
 * One log line per record, whatever the log level. As durable as the log is: a line the log drops is lost. The line is
 * put together by hand, because it is written for every call; only what a caller can influence needs escaping. The
 * arguments are not in it.
 */
export class LogAuditSink extends AuditSink {
  constructor(private readonly log: Pick<RootLogger, 'record'>) {
    super();
  }

  override record(record: AuditRecord): void {
    const { phase, callId, kind, operation, risk, tenant, subject, inputDigest, decision, durationMs, notes, count } =
      record;
    const end = decision === undefined ? '' : `,"decision":"${decision}"`;
    const took = durationMs === undefined ? '' : `,"durationMs":${durationMs}`;
    const sum = count === undefined ? '' : `,"count":${count}`;
    const remarks = notes === undefined ? '' : `,"notes":${JSON.stringify(notes)}`;
    this.log.record(
      `"msg":"audit","phase":"${phase}","callId":"${callId}","kind":"${kind}","operation":${JSON.stringify(operation)},` +
        `"risk":"${risk}","tenant":${JSON.stringify(tenant)},"subject":${JSON.stringify(subject)},` +
        `"inputDigest":"${inputDigest}"${end}${took}${sum}${remarks}${circumstances(record)}`,
      phase === 'intent' || phase === 'event',
    );
  }
}

/** What only some records have. */
function circumstances({
  actors,
  via,
  transport,
  era,
  policyVersion,
  traceId,
  address,
  reason,
  details,
}: AuditRecord): string {
  const members = JSON.stringify({
    actors: actors?.length === 0 ? undefined : actors,
    via,
    transport,
    era,
    policyVersion,
    traceId,
    address,
    reason,
    details,
  });
  return members === '{}' ? '' : `,${members.slice(1, -1)}`;
}
