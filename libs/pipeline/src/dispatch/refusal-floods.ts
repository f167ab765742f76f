import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { AppLog } from '@app/logging';
import { type Principal, principalKey, type Risk } from '@app/mcp';
import { type AuditRecord, AuditSink } from '@app/security';
import { nextCallId } from './call-id.js';

/** Refusals that cost a caller nothing to provoke. */
const CHEAP: ReadonlySet<Decision> = new Set(['RATE_LIMITED', 'OVERLOADED', 'UNAUTHENTICATED', 'unknown_operation']);
/** Of one caller, operation and code: so many are recorded one by one in a window, the rest as one number. */
const RECORDED_SINGLY = 100;
const WINDOW_MS = 10_000;
/** Callers and operations told apart in a window; beyond it everything cheap is summed up under one name. */
const MAX_SOURCES = 10_000;

type Decision = NonNullable<AuditRecord['decision']>;

interface Source {
  readonly principal: Principal;
  readonly kind: string;
  readonly operation: string;
  readonly risk: Risk;
  readonly decision: Decision;
  seen: number;
}

interface Refusal {
  readonly principal: Principal;
  readonly kind: string;
  readonly operation: string;
  readonly risk: Risk;
}

/** Sums up floods of refused calls, so that who is refused cannot fill the audit. */
@Injectable()
export class RefusalFloods implements OnModuleDestroy {
  private readonly sources = new Map<string, Source>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly sink: AuditSink,
    private readonly log: AppLog,
  ) {}

  /** @returns whether this refusal is counted here, instead of being recorded by itself */
  absorbs(refusal: Refusal, decision: Decision): boolean {
    if (!CHEAP.has(decision)) return false;
    const source = this.sourceOf(refusal, decision);
    this.timer ??= setTimeout(() => void this.sumUp(), WINDOW_MS).unref();
    return ++source.seen > RECORDED_SINGLY;
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    await this.sumUp();
  }

  private sourceOf(refusal: Refusal, decision: Decision): Source {
    const { principal, kind, operation } = refusal;
    const key = `${principalKey(principal)}${kind} ${operation} ${decision}`;
    const known = this.sources.get(key);
    if (known !== undefined) return known;
    const isCrowded = this.sources.size >= MAX_SOURCES;
    const source = isCrowded
      ? { ...refusal, ...MANY, decision, seen: RECORDED_SINGLY }
      : { ...refusal, decision, seen: 0 };
    const place = isCrowded ? `many ${decision}` : key;
    const found = this.sources.get(place) ?? source;
    this.sources.set(place, found);
    return found;
  }

  /** One record for each source of which more was refused than was recorded. */
  private async sumUp(): Promise<void> {
    this.timer = undefined;
    const summaries: Promise<void>[] = [];
    for (const { principal, kind, operation, risk, decision, seen } of this.sources.values())
      if (seen > RECORDED_SINGLY) {
        const { tenant, subject } = principal;
        const count = seen - RECORDED_SINGLY;
        const facts = {
          kind,
          operation,
          risk,
          tenant,
          subject,
          inputDigest: '',
          decision,
          durationMs: WINDOW_MS,
          count,
        };
        const written = Promise.resolve()
          .then(() => this.sink.record({ phase: 'summary', at: Date.now(), callId: nextCallId(), ...facts }))
          .catch((err: unknown) => this.log.error('the audit sink failed', { err }));
        summaries.push(written);
      }
    this.sources.clear();
    await Promise.all(summaries);
  }
}

const MANY = { operation: 'many', principal: { subject: 'many', tenant: 'many', scopes: [], actors: [] } } as const;
