import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ConfigurationError } from '../configuration.error.js';
import { parsePolicy } from './parse-policy.js';
import { policyAsFile } from './policy-as-file.js';
import type { PolicySettings } from './policy-settings.js';
import { readPolicy } from './read-policy.js';

/** @returns what is wrong with the policy, in words that show no value; it is not taken then */
export type PolicyCheck = (policy: PolicySettings) => readonly string[];
/** Takes a policy into use, at once. To throw is to refuse it. */
export type PolicyListener = (policy: PolicySettings) => void;

export interface PolicyReload {
  readonly changed: boolean;
  /** Empty, or why the old policy stays. */
  readonly problems: readonly string[];
}

/** Each is a part of the server, for its whole life: more of them are a leak. */
const MAX_PARTS = 256;

/** The policy in force. It is replaced as a whole, between two turns of the event loop, or not at all. */
export class PolicySource {
  private policy: PolicySettings;
  private readonly checks: PolicyCheck[] = [];
  private readonly listeners = new Set<{ readonly take: PolicyListener }>();
  private running?: Promise<PolicyReload>;
  private waiting?: Promise<PolicyReload>;
  private named?: { readonly policy: PolicySettings; readonly version: string };

  /** @param file absolute path of the policy file; undefined: there is none, and nothing to reload */
  constructor(
    readonly file: string | undefined,
    initial: PolicySettings,
    private readonly read: (file: string) => Promise<string> = readPolicy,
  ) {
    this.policy = initial;
  }

  current(): PolicySettings {
    return this.policy;
  }

  /** Names the policy in force by what it says: the same policy has the same version on every server. */
  get version(): string {
    if (this.named?.policy !== this.policy) this.named = { policy: this.policy, version: versionOf(this.policy) };
    return this.named.version;
  }

  /** Adds a veto, e.g. of who knows the names of the tools. One that throws objects. */
  addCheck(check: PolicyCheck): void {
    bound(this.checks.push(check));
  }

  /** Asks every check about the policy in force, at boot. @throws ConfigurationError */
  verify(): void {
    const problems = this.objections(this.policy);
    if (problems.length > 0) throw new ConfigurationError(problems.map((problem) => `policy: ${problem}`));
  }

  /** @returns stops telling the listener */
  onChange(listener: PolicyListener): () => void {
    const entry = { take: listener };
    bound(this.listeners.add(entry).size);
    return () => void this.listeners.delete(entry);
  }

  /**
   * Reads the file again; never rejects. One at a time: whoever asks meanwhile gets the result of one more, which begins
   * when this one is done and so sees what the file is then.
   */
  reload(): Promise<PolicyReload> {
    if (this.running === undefined) return this.begin();
    this.waiting ??= this.running.then(() => this.begin());
    return this.waiting;
  }

  private begin(): Promise<PolicyReload> {
    this.waiting = undefined;
    this.running = this.renew().finally(() => {
      if (this.waiting === undefined) this.running = undefined;
    });
    return this.running;
  }

  private async renew(): Promise<PolicyReload> {
    if (this.file === undefined) return { changed: false, problems: [] };
    try {
      const next = parsePolicy(await this.read(this.file));
      if (isDeepStrictEqual(next, this.policy)) return { changed: false, problems: [] };
      const problems = this.objections(next);
      return problems.length > 0 ? { changed: false, problems } : this.put(next);
    } catch (error) {
      return { changed: false, problems: problemsOf(error, 'the file cannot be read') };
    }
  }

  private objections(policy: PolicySettings): string[] {
    return this.checks.flatMap((check) => {
      try {
        return check(policy);
      } catch (error) {
        return problemsOf(error, 'a check failed');
      }
    });
  }

  private put(next: PolicySettings): PolicyReload {
    const before = this.policy;
    const problems = this.tell(next);
    if (problems.length === 0) return { changed: true, problems };
    return { changed: false, problems: [...problems, ...this.tell(before)] };
  }

  /** Every listener hears of it, also after one has thrown: none may be left with another policy than the rest. */
  private tell(policy: PolicySettings): string[] {
    this.policy = policy;
    return [...this.listeners].flatMap(({ take }) => {
      try {
        take(policy);
        return [];
      } catch (error) {
        return problemsOf(error, 'a part of the server cannot take it');
      }
    });
  }
}

const VERSION_CHARS = 12;
const versionOf = (policy: PolicySettings): string =>
  hash('sha256', JSON.stringify(policyAsFile(policy))).slice(0, VERSION_CHARS);

function bound(count: number): void {
  if (count > MAX_PARTS) throw new RangeError(`More than ${MAX_PARTS} parts watch the policy`);
}

const problemsOf = (error: unknown, what: string): readonly string[] =>
  error instanceof ConfigurationError ? error.problems : [`${what}: ${(error as Error)?.message ?? 'unknown'}`];
