import { hash, randomBytes } from 'node:crypto';
import type { Approver } from '@app/config';
import type { Principal } from '@app/mcp';

/** Exactly this call of exactly this caller, those who act for him included. */
export interface PlannedCall {
  readonly caller: Pick<Principal, 'tenant' | 'subject' | 'actors'>;
  readonly operation: string;
  /** Digest of the arguments without the confirmation. */
  readonly digest: string;
}

/** What is to be approved. */
export interface Plan extends PlannedCall {
  /** Digest of what the dry run saw; absent where the tool shows none. */
  readonly state?: string;
  /** The call in words for whoever approves it: bounded, without secrets, one line. */
  readonly summary: string;
  /** Who approves it: `caller` by confirming it, or somebody `other` before that. */
  readonly approver: Approver;
}

export const PLAN_STATUSES = ['pending', 'approved', 'denied', 'used'] as const;
export type PlanStatus = (typeof PLAN_STATUSES)[number];

/** A plan as it is kept. Times in milliseconds since 1970. */
export interface KeptPlan extends Plan {
  readonly id: string;
  readonly status: PlanStatus;
  /** `principalKey`, or `operator`. */
  readonly decidedBy?: string;
  readonly decidedAt?: number;
  readonly createdAt: number;
  /** From then on it is as if it had never been. */
  readonly expiresAt: number;
}

/** 144 random bits: whoever was not told an id does not find one. */
export const newPlanId = (): string => `plan_${randomBytes(18).toString('base64url')}`;
const PLAN_ID = /^plan_[\w-]{24}$/;
/** Whether it could be the id of a plan; nothing else is looked for. */
export const isPlanId = (text: string): boolean => PLAN_ID.test(text);

/** One text per caller and those who act for him, unambiguous, of characters that every database keeps as they are. */
export const callerKey = ({ tenant, subject, actors }: PlannedCall['caller']): string =>
  JSON.stringify([tenant, subject, ...actors]);

/** @param key of `callerKey` */
export function callerOf(key: string): PlannedCall['caller'] {
  const [tenant = '', subject = '', ...actors] = JSON.parse(key) as string[];
  return { tenant, subject, actors };
}

/** Digest of a state as a tool names it, sha256 in hex. */
export const stateDigest = (state: string): string => hash('sha256', state);
