import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { type Principal, principalKey, ServerError } from '@app/mcp';
import { LivePolicy } from '../policies/live-policy.js';

const RETRY_AFTER_MS = 1_000;

/** How many calls of one caller, and of one tenant, are at work at once: besides how many are made in a while. */
@Injectable()
export class CallerPlaces {
  private readonly taken = new Map<string, number>();

  constructor(
    private readonly limits: Limits,
    private readonly policy: LivePolicy,
  ) {}

  /**
   * Takes a place of the caller and of his tenant. The places belong to the work: give them back when it ends.
   * @returns gives the places back
   * @throws ServerError RATE_LIMITED when all of them are taken
   */
  take(principal: Principal): () => void {
    const own = principalKey(principal);
    this.check(own, this.limits.callsPerPrincipal, 'of one caller');
    const tenantsLimit = this.policy.tenantOf(principal)?.concurrentCalls;
    // A caller's key is a JSON list, so that no tenant can have its name.
    const tenant = `tenant ${principal.tenant}`;
    if (tenantsLimit !== undefined) this.check(tenant, tenantsLimit, 'of one tenant');
    for (const key of [own, tenant]) this.taken.set(key, (this.taken.get(key) ?? 0) + 1);
    return () => {
      for (const key of [own, tenant]) this.giveBack(key);
    };
  }

  /** Callers and tenants with a call at work. */
  get size(): number {
    return this.taken.size;
  }

  private check(key: string, limit: number, whose: string): void {
    if ((this.taken.get(key) ?? 0) < limit) return;
    throw new ServerError('RATE_LIMITED', `At most ${limit} calls ${whose} work at once.`, {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }

  private giveBack(key: string): void {
    const left = this.taken.get(key)! - 1;
    if (left === 0) this.taken.delete(key);
    else this.taken.set(key, left);
  }
}
