import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { principalKey, type ToolCall } from '@app/mcp';
import { SingleFlight } from '@app/recovery';
import { AfterStages } from './after-stages.js';
import { ResultCache } from './result-cache.js';
import { classify } from '../call/classify.js';
import { canonicalJson } from '../call/digest.js';
import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { Cached, type CachedOptions, Invalidates } from '../policies/cached.policy.js';
import { Fallback, type FallbackResult } from '../policies/fallback.policy.js';
import { AroundStage, type Next, type Step } from './around-stage.js';

/** Failures a lesser answer may stand in for: the caller did nothing wrong, and nothing inside is broken. */
const REPLACEABLE = new Set(['CIRCUIT_OPEN', 'CONNECTION_FAILED', 'TIMEOUT', 'OVERLOADED', 'TLS_ERROR']);

/**
 * Stage `cache`: answers from memory what was answered before to the same caller, lets one call do the work for all who
 * ask the same meanwhile, and gives an old or lesser answer, marked as such, while the dependency fails.
 */
@Injectable()
export class CacheStage extends AroundStage {
  override readonly stage = 'cache';
  override readonly executes = [Cached, Invalidates, Fallback];
  private readonly flights = new SingleFlight<unknown>();
  /** Who does the work of each flight: when his time is over, that is no failure of the others. */
  private readonly leaders = new Map<string, RunningCall>();

  constructor(
    private readonly cache: ResultCache,
    private readonly after: AfterStages,
  ) {
    super();
  }

  override problemsOf({ policies, risk, asksClient }: Subject): readonly string[] {
    if (asksClient && policies.get(Cached) !== undefined)
      return ['declares @Cached, but asks its client: one caller would get what another has answered'];
    if (risk === 'read') return [];
    return [
      ...(policies.get(Cached) === undefined
        ? []
        : ['declares @Cached, but changes things: an answer from memory would change nothing']),
      ...(policies.get(Fallback) === undefined
        ? []
        : ['declares @Fallback, but changes things: it would tell of a change that was not made']),
    ];
  }

  override stepFor({ policies }: Subject): Step | undefined {
    const invalidates = policies.get(Invalidates);
    const cached = policies.get(Cached);
    const fallback = policies.get(Fallback);
    if (invalidates === undefined && cached === undefined && fallback === undefined) return undefined;
    return async (call, next) => {
      call.enter('cache');
      try {
        return cached === undefined ? await next() : await this.look(call, cached, next);
      } catch (thrown) {
        return await this.standIn(call, cached, fallback, thrown);
      } finally {
        if (invalidates !== undefined) this.invalidate(call, invalidates(call.input as never));
      }
    };
  }

  /** Also when it failed, for nobody knows how much of it was done; and again when work that goes on has ended. */
  private invalidate(call: RunningCall, tags: readonly string[]): void {
    this.cache.invalidate(tags);
    void call.workEnds()?.then(() => this.cache.invalidate(tags));
  }

  private async look(call: RunningCall, options: CachedOptions, next: Next): Promise<unknown> {
    const key = keyOf(call, options);
    const found = this.cache.get(key);
    if (found !== undefined && !found.isStale) {
      call.note('cache', 'hit');
      return found.value;
    }
    call.note('cache', 'miss');
    for (;;) {
      const leader = this.leaders.get(key);
      let isLeader = false;
      try {
        return await this.flights.execute(
          key,
          () => {
            isLeader = true;
            return this.load(call, key, options, next);
          },
          () => call.signal,
        );
      } catch (thrown) {
        // The caller who did the work for all has gone; the next one does it.
        const leaderLeft = !isLeader && leader?.bounds.endedBy !== undefined;
        if (!leaderLeft || call.bounds.endedBy !== undefined) throw thrown;
      }
    }
  }

  private async load(call: RunningCall, key: string, options: CachedOptions, next: Next): Promise<unknown> {
    call.throwIfEnded();
    const ticket = this.cache.ticket();
    this.leaders.set(key, call);
    let value: unknown;
    try {
      value = await next();
    } finally {
      this.leaders.delete(key);
    }
    this.cache.keep(key, value, { ...options, tags: options.tags?.(call.input as never), ticket });
    return value;
  }

  /** An old answer, else a lesser one, else the failure. */
  private async standIn(
    call: RunningCall,
    cached: CachedOptions | undefined,
    fallback: FallbackResult | undefined,
    thrown: unknown,
  ): Promise<unknown> {
    const error = classify(thrown);
    if (!REPLACEABLE.has(error.code) || call.bounds.endedBy !== undefined) throw thrown;
    const old = cached === undefined ? undefined : this.cache.get(keyOf(call, cached));
    if (old !== undefined) {
      call.note('cache', 'stale');
      call.degraded = { reason: error.code, ageMs: Math.round(old.ageMs) };
      return old.value;
    }
    if (fallback === undefined) throw thrown;
    call.note('cache', 'fallback');
    call.degraded = { reason: error.code };
    return this.after.look(call, await fallback(error, call as ToolCall));
  }
}

/** Longer keys are hashed: the cache counts the bytes of results, not of keys. */
const MAX_KEY_CHARS = 512;

/** Who asks is part of the key, unless the tool says that all get the same. */
function keyOf({ subject, principal, rawInput }: RunningCall, { shared }: CachedOptions): string {
  const caller = shared === true ? 'shared' : [principalKey(principal), [...principal.scopes].sort()];
  const key = canonicalJson([caller, subject.kind, subject.name, subject.generation ?? '', rawInput ?? {}]);
  return key.length <= MAX_KEY_CHARS ? key : hash('sha256', key);
}
