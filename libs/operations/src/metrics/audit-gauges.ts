import { Injectable, type OnModuleInit, Optional } from '@nestjs/common';
import { MetricRegistry } from '@app/metrics';
import { DurableAudit } from '@app/security';

/** How far the audit is behind, looked up when somebody asks. A server that only logs its audit has none of it. */
@Injectable()
export class AuditGauges implements OnModuleInit {
  constructor(
    private readonly registry: MetricRegistry,
    @Optional() private readonly audit?: DurableAudit,
  ) {}

  onModuleInit(): void {
    const { registry, audit } = this;
    if (audit === undefined) return;
    registry.gauge(
      'wcgw_audit_backlog_bytes',
      'Audit records that the database has not got',
      undefined,
      () => audit.backlogBytes,
    );
    registry.gauge(
      'wcgw_audit_lag_seconds',
      'For how long the database has not taken them',
      undefined,
      () => audit.lagMs / 1_000,
    );
    registry.gauge('wcgw_audit_writable', '1 while the next change would be recorded', undefined, () =>
      audit.isWritable ? 1 : 0,
    );
  }
}
