import { principalKey, type ToolCall } from '@app/mcp';
import { goWrong } from './chaos-faults.js';
import type { ToolPlan } from './tool-plans.js';

export const CHAOS_META = 'chaos';

/** What travels in `_meta` of each call: how it goes wrong, and which of the calls that were made it is. */
export interface ChaosMeta {
  readonly fault: string;
  readonly number: number;
}

/** Where the methods of all generated tools work. It sees what no answer tells: what ran, how often, and beside what. */
export class Workbench {
  /** Calls back when the method of a call begins. */
  readonly beginnings = new Map<number, () => void>();
  /** Methods that began, by tool, caller and idempotency key. */
  private readonly keyedRuns = new Map<string, number>();
  private readonly tried = new WeakSet<object>();
  private readonly working = new Map<string, number>();
  /** Methods that were let in although their room was full. */
  crowded = 0;
  /** Methods that ran again for a key that had run, of tools that do not retry. */
  runTwice = 0;
  methodRuns = 0;

  readonly run = (plan: ToolPlan, input: { key: string }, call: ToolCall): Promise<unknown> => {
    const { fault, number } = call.meta[CHAOS_META] as ChaosMeta;
    const room = plan.dependency?.startsWith('dep_') ? plan.dependency : plan.name;
    this.enter(plan, room);
    this.noteKey(plan, call);
    // Attempts of one call share their `_meta`.
    const isFirst = !this.tried.has(call.meta);
    this.tried.add(call.meta);
    this.beginnings.get(number)?.();
    let work: Promise<unknown>;
    try {
      work = goWrong(fault, plan, isFirst, call, async () => ({ text: input.key }));
    } catch (thrown) {
      this.leave(room);
      throw thrown;
    }
    return work.finally(() => this.leave(room));
  };

  /** Methods at work now. */
  atWork(): number {
    return [...this.working.values()].reduce((sum, each) => sum + each, 0);
  }
  /** Keys that were used at least once. */
  keys(): number {
    return this.keyedRuns.size;
  }

  private enter(plan: ToolPlan, room: string): void {
    const inside = (this.working.get(room) ?? 0) + 1;
    this.working.set(room, inside);
    if (inside > plan.limits.concurrency!) this.crowded++;
    this.methodRuns++;
  }

  private leave(room: string): void {
    this.working.set(room, this.working.get(room)! - 1);
  }

  private noteKey({ name, risk, retry }: ToolPlan, call: ToolCall): void {
    const given = call.idempotencyKey;
    if (given === undefined || risk === 'read' || retry !== undefined) return;
    const key = `${name} ${principalKey(call.principal)} ${given}`;
    const runs = (this.keyedRuns.get(key) ?? 0) + 1;
    this.keyedRuns.set(key, runs);
    if (runs > 1) this.runTwice++;
  }
}
