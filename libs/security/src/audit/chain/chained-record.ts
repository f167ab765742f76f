import { hash, randomBytes } from 'node:crypto';
import type { AuditRecord } from '../audit-record.js';

/** What stands before the first record of an instance. */
export const GENESIS = '0'.repeat(64);

const MAX_CHARS = {
  operation: 512,
  tenant: 512,
  subject: 512,
  note: 512,
  argument: 4_096,
  reason: 1_024,
  details: 65_536,
};
const MAX_NOTES = 64;
const MAX_ACTORS = 16;
/** PostgreSQL indexes no more than about 2,700 bytes. */
const MAX_COLUMN_CHARS = 256;
const SALT_BYTES = 12;
const SALTS_AT_ONCE = 256;

/** A record in its place: what the journal and the table hold. */
export interface ChainedRecord {
  /** Names the run of the process that wrote it. */
  readonly instance: string;
  /** Counts from 1 within the instance. */
  readonly seq: number;
  /** JSON text of {@link Facts}. It is hashed as it stands, so it is stored as it stands. */
  readonly facts: string;
  /** JSON text of {@link Personal}; null once erased. */
  readonly personal: string | null;
  /** Hash of the record before. */
  readonly prev: string;
  readonly hash: string;
}

/** Everything that is chained in clear. */
export interface Facts extends Omit<AuditRecord, keyof Omit<Personal, 'salt'>> {
  readonly instance: string;
  readonly seq: number;
  /** sha256 of the personal part, whose salt keeps it from being guessed once it is erased. */
  readonly personal: string;
}

export interface Personal extends Pick<AuditRecord, 'subject' | 'actors' | 'address' | 'arguments'> {
  readonly salt: string;
}

/** What is also kept in columns of its own, to search by. */
export interface Columns extends Pick<AuditRecord, 'at' | 'kind' | 'operation' | 'tenant' | 'callId'> {
  readonly phase: string;
  readonly decision: string | null;
}

/** A row of the table: a record and its columns, none of it to be believed. */
export interface AuditRow extends ChainedRecord, Columns {}

export const chainHash = (prev: string, facts: string): string => hash('sha256', `${prev}\n${facts}`);
export const personalHash = (personal: string): string => hash('sha256', personal);

/** Gives a record its place after `prev`. */
export function chain(record: AuditRecord, instance: string, seq: number, prev: string): ChainedRecord {
  const { subject, actors, address, arguments: input, details, notes } = record;
  const personal = JSON.stringify({
    salt: nextSalt(),
    subject: bounded(subject, MAX_CHARS.subject),
    actors: actors?.slice(0, MAX_ACTORS).map((actor) => bounded(actor, MAX_CHARS.subject)),
    address,
    arguments: input === undefined ? undefined : bounded(input, MAX_CHARS.argument),
  } satisfies Personal);
  const facts = JSON.stringify({
    instance,
    seq,
    at: Math.trunc(record.at),
    phase: record.phase,
    kind: record.kind,
    operation: bounded(record.operation, MAX_CHARS.operation),
    risk: record.risk,
    tenant: bounded(record.tenant, MAX_CHARS.tenant),
    callId: record.callId,
    inputDigest: record.inputDigest,
    decision: record.decision,
    durationMs: record.durationMs,
    count: record.count,
    notes: notes?.slice(0, MAX_NOTES).map((note) => bounded(note, MAX_CHARS.note)),
    via: record.via,
    transport: record.transport,
    era: record.era,
    policyVersion: record.policyVersion,
    traceId: record.traceId,
    reason: record.reason === undefined ? undefined : bounded(record.reason, MAX_CHARS.reason),
    details: details === undefined ? undefined : boundedDetails(details),
    personal: personalHash(personal),
  } satisfies Facts);
  return { instance, seq, facts, personal, prev, hash: chainHash(prev, facts) };
}

export function columnsOf({ at, phase, kind, operation, tenant, callId, decision }: Facts): Columns {
  return {
    at,
    phase,
    kind: columnText(kind),
    operation: columnText(operation),
    tenant: columnText(tenant),
    callId: columnText(callId),
    decision: decision ?? null,
  };
}

/** As a database can keep and index it: a name of a caller's making must not be able to stop the audit. */
export const columnText = (text: string): string =>
  text.slice(0, MAX_COLUMN_CHARS).toWellFormed().replaceAll('\0', '\uFFFD');

/** @returns undefined where the text is not that of a record */
export function readFacts(text: string): Facts | undefined {
  try {
    const facts = JSON.parse(text) as Partial<Facts> | null;
    const isPlaced =
      typeof facts?.instance === 'string' && Number.isSafeInteger(facts.seq) && Number.isSafeInteger(facts.at);
    const { phase, kind, operation, tenant, callId } = facts ?? {};
    return isPlaced && [phase, kind, operation, tenant, callId].every((each) => typeof each === 'string')
      ? (facts as Facts)
      : undefined;
  } catch {
    return undefined;
  }
}

const bounded = (text: string, maxChars: number): string =>
  text.length <= maxChars ? text : `${text.slice(0, maxChars - 1)}…`;

function boundedDetails(details: NonNullable<AuditRecord['details']>): NonNullable<AuditRecord['details']> {
  const chars = JSON.stringify(details).length;
  return chars <= MAX_CHARS.details ? details : { leftOutChars: chars };
}

/** Random bytes cost more to ask for than to have. */
let salts = '';
let used = 0;
function nextSalt(): string {
  const chars = SALT_BYTES * 2;
  if (used >= salts.length) {
    salts = randomBytes(SALT_BYTES * SALTS_AT_ONCE).toString('hex');
    used = 0;
  }
  return salts.slice(used, (used += chars));
}
