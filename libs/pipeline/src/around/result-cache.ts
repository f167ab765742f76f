import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { RichResult } from '@app/mcp';
import { TtlCache } from '@app/resources';

interface Keeping {
  readonly ttlMs: number;
  readonly staleIfErrorMs?: number;
  readonly tags?: readonly string[];
  readonly ticket: ReturnType<TtlCache<unknown>['ticket']>;
}

/**
 * Results of read-only tools, in the memory of this process: `Limits.cachedResults` entries and
 * `Limits.cachedResultBytes`, the longest unused leaving first. A restart loses all of them.
 */
@Injectable()
export class ResultCache {
  private readonly cache: TtlCache<unknown>;

  constructor(limits: Limits) {
    this.cache = new TtlCache({ maxEntries: limits.cachedResults, maxBytes: limits.cachedResultBytes });
  }

  get(key: string) {
    return this.cache.get(key);
  }
  /** Taken before the work begins: a result that was made wrong meanwhile is not kept. */
  ticket() {
    return this.cache.ticket();
  }

  keep(key: string, value: unknown, { ttlMs, staleIfErrorMs, tags, ticket }: Keeping): void {
    const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
    this.cache.set(key, deepFreeze(copyOf(value)), { ttlMs, staleMs: staleIfErrorMs, bytes, tags, ticket });
  }

  /** For whatever changes what tools have read, e.g. a watcher of files. @returns how many results were dropped. */
  invalidate(tags: readonly string[]): number {
    return tags.reduce((sum, tag) => sum + this.cache.invalidate(tag), 0);
  }
  clear(): void {
    this.cache.clear();
  }
  stats() {
    return this.cache.stats();
  }
}

/** The tool may go on using what it returned. */
function copyOf(value: unknown): unknown {
  if (!(value instanceof RichResult)) return structuredClone(value);
  return new RichResult(structuredClone(value.content), structuredClone(value.structured));
}

/** One result is given to many callers. */
function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const each of Object.values(value)) deepFreeze(each);
  return value;
}
