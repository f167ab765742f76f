import type { StagedServer } from '../staged-server.js';
import { CanaryWatch, Tally } from './ledger.js';

/**
 * Reads the log and forgets it: a server under test keeps every line it wrote, and the lines of so many calls would be
 * more than the heap that is measured.
 */
export class LogWatch {
  readonly phases = new Tally();
  /** How calls ended, those included that stand in a summary of many. */
  readonly decisions = new Tally();
  readonly canaries = new CanaryWatch();
  readonly messages = new Tally();
  private readonly lines: string[];
  /** By the running number in the call id. */
  private readonly outcomes: Uint8Array;
  private readonly lateOutcomes: Uint8Array;

  constructor(server: StagedServer, maxCalls: number) {
    this.lines = Reflect.get(Reflect.get(server, 'server') as object, 'lines') as string[];
    this.outcomes = new Uint8Array(maxCalls);
    this.lateOutcomes = new Uint8Array(maxCalls);
  }

  async drain(): Promise<void> {
    // Records of one turn are written at its end.
    await new Promise((next) => setImmediate(next));
    for (const line of this.lines.splice(0)) this.read(line);
  }

  /** Calls with more than one record of how they ended. */
  recordedTwice(): number {
    return [this.outcomes, this.lateOutcomes].reduce((sum, seen) => sum + seen.filter((times) => times > 1).length, 0);
  }

  private read(line: string): void {
    this.canaries.look(line);
    const { msg, phase, callId, decision, count } = JSON.parse(line) as Record<string, string>;
    if (msg !== 'audit') return this.messages.count(String(msg));
    this.phases.count(phase!);
    if (phase === 'intent') return;
    if (phase === 'summary') return this.decisions.count(decision!, Number(count));
    const number = Number.parseInt(callId!.split('-')[1]!, 36);
    const seen = phase === 'outcome' ? this.outcomes : this.lateOutcomes;
    seen[number]!++;
    if (phase === 'outcome') this.decisions.count(decision!);
  }
}
