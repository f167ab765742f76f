import { CANARIES } from './chaos-faults.js';

export type Canary = keyof typeof CANARIES;

/** What one caller read. */
export interface Told {
  /** `success`, a code, `unknown_operation`, or `left` where nobody was there to read. */
  readonly end: string;
  /** All of the answer, as text. */
  readonly text: string;
  readonly structured?: Readonly<Record<string, unknown>>;
  /** To confirm with. */
  readonly plan?: string;
}

const NAMES = Object.keys(CANARIES) as Canary[];

/** Counts in which of some texts a canary stood. */
export class CanaryWatch {
  private readonly seen = new Map<Canary, number>(NAMES.map((name) => [name, 0]));

  look(text: string): void {
    if (!text.includes('canary')) return;
    for (const name of NAMES) if (text.includes(CANARIES[name])) this.seen.set(name, this.of(name) + 1);
  }
  of(name: Canary): number {
    return this.seen.get(name)!;
  }
}

export class Tally extends Map<string, number> {
  count(name: string, times = 1): void {
    this.set(name, (this.get(name) ?? 0) + times);
  }
  sum(): number {
    return [...this.values()].reduce((sum, each) => sum + each, 0);
  }
}

/** The answers of a run, counted from the side of those who got them. In numbers only: what it keeps does not grow. */
export class Ledger {
  readonly told = new Tally();
  readonly canaries = new CanaryWatch();
  /** Answers that were not those of the call, the first of them. */
  readonly wrong: string[] = [];
  private readonly answers: Uint8Array;
  private made = 0;

  constructor(maxCalls: number) {
    this.answers = new Uint8Array(maxCalls);
  }

  get calls(): number {
    return this.made;
  }
  /** @returns the number of a call that begins. */
  open(): number {
    return this.made++;
  }

  close(number: number, told: Told): void {
    this.answers[number]!++;
    this.told.count(told.end);
    this.canaries.look(told.text);
  }

  /** @param right whether the answer is one that this call can have */
  judge(what: string, right: boolean): void {
    if (!right && this.wrong.length < 20) this.wrong.push(what);
  }

  /** Calls that did not get exactly one answer. */
  notOnce(): number {
    return this.answers.subarray(0, this.made).filter((answers) => answers !== 1).length;
  }
}
