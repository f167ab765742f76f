import type { Approver } from '@app/config';
import { ServerError } from '@app/mcp';
import type { RunStatement, SqlDatabase } from '@app/storage';
import {
  APPROVAL_DEFAULTS,
  ApprovalStore,
  type ApprovalSettings,
  type Decided,
  type Decision,
  MAX_LISTED_PLANS,
  type PlansAsked,
  type Redeemed,
} from './approval-store.js';
import { deciderKey } from './decider.js';
import { callerKey, isPlanId, type KeptPlan, newPlanId, type Plan, type PlannedCall } from './plan.js';
import { type PlanRow, toKeptPlan } from './plan-row.js';
import { redemptionOf, whyUndecidable } from './plan-rules.js';

/** Rows one statement deletes, so that none holds many locks for long. */
const PURGE_ROWS = 500;
/** What a lost race is tried again. */
const MAX_TRIES = 8;

/**
 * Plans in the database of the server, shared by all who share that, its command line included, and as durable as it
 * is. Bounds are looked at before a plan is added: where several add at the same moment, there may be as many more.
 * Rows whose time is over are absent to every statement; each new plan deletes some hundreds of them.
 */
export class SqlApprovalStore extends ApprovalStore {
  private readonly table: string;
  private readonly settings: ApprovalSettings;
  /** Rows that somebody else is deleting are his. */
  private readonly notLocked: string;

  /** @param now milliseconds since 1970 */
  constructor(
    private readonly database: SqlDatabase,
    settings: Partial<ApprovalSettings> = {},
    private readonly now: () => number = Date.now,
  ) {
    super();
    this.settings = { ...APPROVAL_DEFAULTS, ...settings };
    this.table = database.table('mcp_approvals');
    this.notLocked = database.dialect === 'postgres' ? 'FOR UPDATE SKIP LOCKED' : '';
  }

  override propose(plan: Plan): Promise<string> {
    return this.database.run(async (statement) => {
      await this.deleteExpired(statement);
      const again = plan.approver === 'other' ? await this.findAlike(statement, plan) : undefined;
      if (again !== undefined) return again;
      await this.makeRoom(statement, plan);
      return this.insert(statement, plan);
    });
  }

  override redeem(id: string, call: PlannedCall, approver: Approver): Promise<Redeemed> {
    return this.atOnce(async (statement) => {
      const plan = await this.read(statement, id);
      const redeemed = redemptionOf(plan, call, approver);
      if (redeemed.kind !== 'redeemed' || (await this.turn(statement, plan!, { status: 'used' }))) return redeemed;
      return undefined;
    });
  }

  override async giveBack(id: string, { caller }: PlannedCall): Promise<void> {
    if (!isPlanId(id)) return;
    await this.database.run((statement) =>
      statement(
        `UPDATE ${this.table} SET status = CASE approver WHEN 'other' THEN 'approved' ELSE 'pending' END
         WHERE id = $1 AND caller = $2 AND status = 'used'`,
        [id, callerKey(caller)],
      ),
    );
  }

  override find(id: string): Promise<KeptPlan | undefined> {
    return this.database.run((statement) => this.read(statement, id));
  }

  override async list({ tenant, status }: PlansAsked): Promise<readonly KeptPlan[]> {
    const { rows } = await this.database.run((statement) =>
      statement<PlanRow>(
        `SELECT * FROM ${this.table} WHERE approver = 'other' AND expires_at > $1
           AND (CAST($2 AS text) IS NULL OR tenant = $2) AND (CAST($3 AS text) IS NULL OR status = $3)
         ORDER BY created_at, id LIMIT ${MAX_LISTED_PLANS}`,
        [this.now(), tenant ?? null, status ?? null],
      ),
    );
    return rows.map(toKeptPlan).filter(({ caller }) => tenant === undefined || caller.tenant === tenant);
  }

  override decide(id: string, { by, approve }: Decision): Promise<Decided> {
    return this.atOnce<Decided>(async (statement) => {
      const plan = await this.read(statement, id);
      const why = whyUndecidable(plan, by);
      if (why !== undefined) return { kind: 'refused', why };
      const status = approve ? 'approved' : 'denied';
      const decision = { status, decidedBy: deciderKey(by), decidedAt: this.now() } as const;
      if (!(await this.turn(statement, plan!, decision))) return undefined;
      return { kind: 'decided', plan: { ...plan!, ...decision } };
    });
  }

  /** Looks again where somebody else has changed in between what was looked at. */
  private atOnce<T>(tryOnce: (statement: RunStatement) => Promise<T | undefined>): Promise<T> {
    return this.database.run(async (statement) => {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const result = await tryOnce(statement);
        if (result !== undefined) return result;
      }
      throw new Error(`the plan was changed ${MAX_TRIES} times while it was looked at`);
    });
  }

  private async read(statement: RunStatement, id: string): Promise<KeptPlan | undefined> {
    if (!isPlanId(id)) return undefined;
    const sql = `SELECT * FROM ${this.table} WHERE id = $1 AND expires_at > $2`;
    const [row] = (await statement<PlanRow>(sql, [id, this.now()])).rows;
    return row === undefined ? undefined : toKeptPlan(row);
  }

  /** Changes a plan, if it still is in the status in which it was looked at. @returns whether it was */
  private async turn(
    statement: RunStatement,
    { id, status }: KeptPlan,
    to: Pick<KeptPlan, 'status' | 'decidedBy' | 'decidedAt'>,
  ): Promise<boolean> {
    const { count } = await statement(
      `UPDATE ${this.table} SET status = $3, decided_by = COALESCE($4, decided_by), decided_at = COALESCE($5, decided_at)
       WHERE id = $1 AND status = $2 AND expires_at > $6`,
      [id, status, to.status, to.decidedBy ?? null, to.decidedAt ?? null, this.now()],
    );
    return count === 1;
  }

  private async findAlike(statement: RunStatement, plan: Plan): Promise<string | undefined> {
    const { rows } = await statement<{ id: string }>(
      `SELECT id FROM ${this.table} WHERE caller = $1 AND operation = $2 AND digest = $3 AND COALESCE(state, '') = $4
         AND approver = 'other' AND status IN ('pending', 'approved') AND expires_at > $5 ORDER BY created_at, id LIMIT 1`,
      [callerKey(plan.caller), plan.operation, plan.digest, plan.state ?? '', this.now()],
    );
    return rows[0]?.id;
  }

  /** Of one caller, what is over goes first, then the oldest. */
  private async makeRoom(statement: RunStatement, { caller }: Plan): Promise<void> {
    await statement(
      `DELETE FROM ${this.table} WHERE id IN (SELECT id FROM ${this.table} WHERE caller = $1
         ORDER BY CASE WHEN status IN ('pending', 'approved') THEN 0 ELSE 1 END, created_at DESC, id
         LIMIT ${PURGE_ROWS} OFFSET ${Math.max(0, this.settings.maxPlansPerCaller - 1)} ${this.notLocked})`,
      [callerKey(caller)],
    );
  }

  private async insert(statement: RunStatement, plan: Plan): Promise<string> {
    const { maxPlans, ttlMs, otherTtlMs } = this.settings;
    const id = newPlanId();
    const at = this.now();
    const { caller, operation, digest, state = null, summary, approver } = plan;
    const { count } = await statement(
      `INSERT INTO ${this.table}
         (id, caller, tenant, subject, operation, digest, state, summary, approver, status, created_at, expires_at)
       SELECT CAST($1 AS text), CAST($2 AS text), CAST($3 AS text), CAST($4 AS text), CAST($5 AS text),
         CAST($6 AS text), CAST($7 AS text), CAST($8 AS text), CAST($9 AS text), 'pending',
         CAST($10 AS bigint), CAST($11 AS bigint)
       WHERE (SELECT count(*) FROM ${this.table} WHERE expires_at > $10) < $12`,
      [
        id,
        callerKey(caller),
        caller.tenant,
        caller.subject,
        operation,
        digest,
        state,
        summary,
        approver,
        at,
        at + (approver === 'other' ? otherTtlMs : ttlMs),
        maxPlans,
      ],
    );
    if (count === 1) return id;
    throw new ServerError('OVERLOADED', 'Too many plans wait for a confirmation.', { retryAfterMs: ttlMs });
  }

  private async deleteExpired(statement: RunStatement): Promise<void> {
    await statement(
      `DELETE FROM ${this.table} WHERE id IN (SELECT id FROM ${this.table} WHERE expires_at <= $1
         ORDER BY expires_at LIMIT ${PURGE_ROWS} ${this.notLocked})`,
      [this.now()],
    );
  }
}
