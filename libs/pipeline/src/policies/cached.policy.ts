import { definePolicy } from './policy.js';

export interface CachedOptions {
  readonly ttlMs: number;
  /** How long after that a result may still be given when the tool fails or its breaker is open; it is marked degraded. */
  readonly staleIfErrorMs?: number;
  /** Names under which `@Invalidates` finds the result. */
  readonly tags?: (input: never) => readonly string[];
  /** The result is the same for every caller. Otherwise tenant, subject and scopes are part of the key. */
  readonly shared?: boolean;
}

/** Keeps results of a read-only tool in memory, bounded in entries and bytes. One run serves all who ask meanwhile. */
export const Cached = definePolicy<CachedOptions>('cached');

/** Tags whose cached results a call of this tool makes wrong. They are dropped however the call ends. */
export const Invalidates = definePolicy<(input: never) => readonly string[]>('invalidates');
