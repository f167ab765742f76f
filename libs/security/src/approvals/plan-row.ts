import type { Approver } from '@app/config';
import { callerOf, type KeptPlan, type PlanStatus } from './plan.js';

/** A row of mcp_approvals, as either dialect gives it. */
export interface PlanRow {
  readonly id: string;
  readonly caller: string;
  readonly operation: string;
  readonly digest: string;
  readonly state: string | null;
  readonly summary: string;
  readonly approver: Approver;
  readonly status: PlanStatus;
  readonly decided_by: string | null;
  readonly decided_at: number | string | null;
  readonly created_at: number | string;
  readonly expires_at: number | string;
}

export function toKeptPlan(row: PlanRow): KeptPlan {
  const { id, operation, digest, summary, approver, status } = row;
  return {
    id,
    caller: callerOf(row.caller),
    operation,
    digest,
    ...(row.state !== null && { state: row.state }),
    summary,
    approver,
    status,
    ...(row.decided_by !== null && { decidedBy: row.decided_by }),
    ...(row.decided_at !== null && { decidedAt: Number(row.decided_at) }),
    createdAt: Number(row.created_at),
    expiresAt: Number(row.expires_at),
  };
}
