import type { StagedServer } from '../staged-server.js';
import { askDirectly, askOverHttp } from './callers.js';
import { CANARIES } from './chaos-faults.js';
import type { Decision } from './decisions.js';
import type { Ledger, Told } from './ledger.js';
import type { ToolPlan } from './tool-plans.js';
import type { Workbench } from './workbench.js';

export const LESSER = `lesser ${CANARIES.fallback}`;
const REDACTED = 'before [redacted] after';

/** Does what was decided, so much of it at once. */
export class Driver {
  /** Calls under way, and the most there were. */
  private underWay = 0;
  mostAtOnce = 0;
  overHttp = 0;
  /** Plans that worked, and that worked once more. */
  readonly confirmed = { right: 0, again: 0 };

  constructor(
    private readonly server: StagedServer,
    private readonly plans: readonly ToolPlan[],
    private readonly bench: Workbench,
    private readonly ledger: Ledger,
  ) {}

  /** Resolves when every caller has been answered. */
  async run(decisions: readonly Decision[], atOnce: number): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      for (let decision = decisions[next++]; decision !== undefined; decision = decisions[next++]) {
        const given = decision;
        await Promise.all(Array.from({ length: given.copies }, () => this.carryOut(given)));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  }

  private async carryOut(decision: Decision): Promise<void> {
    const plan = this.plans[decision.tool];
    const args = argumentsOf(decision);
    if (plan?.asksToConfirm !== true || decision.args !== 'valid') return void (await this.call(decision, args));
    const { key, confirm } = decision;
    if (confirm === 'wrong') return void (await this.call(decision, { key, confirm: 'plan_forged' }));
    if (confirm === 'dry run') return void (await this.call(decision, { key, dry_run: true }));
    // Who leaves before he knows the plan cannot confirm it; so does whoever was refused for another reason.
    const { plan: confirmation } = await this.call(decision, args);
    if (confirm === 'no' || confirmation === undefined) return;
    const confirming = { key, confirm: confirmation };
    const first = await this.call(decision, confirming);
    if (first.end === 'success') this.confirmed.right++;
    if (confirm !== 'twice') return;
    const { end } = await this.call(decision, confirming);
    // A plan that came to nothing is given back. The answer to a key is given again; without one a plan works once.
    if (first.end === 'success' && end === 'success' && decision.idempotencyKey === undefined) this.confirmed.again++;
  }

  private async call(decision: Decision, args: unknown): Promise<Told> {
    const plan = this.plans[decision.tool];
    const asking = { decision, tool: plan?.name ?? 'no_such_tool', args, number: this.ledger.open() };
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.underWay);
    if (decision.via === 'http') this.overHttp++;
    const ask = decision.via === 'http' ? askOverHttp : askDirectly;
    const told = await ask(this.server, this.bench, asking);
    this.underWay--;
    this.ledger.close(asking.number, told);
    if (told.end === 'success' && plan?.isTyped === true)
      this.ledger.judge(`${plan.name} ${decision.key}: ${told.text.slice(0, 200)}`, isOf(decision, told));
    return told;
  }
}

/** An answer with the schema kept, and nothing in it of somebody else's call. */
function isOf({ key }: Decision, { structured = {} }: Told): boolean {
  const { text, ...others } = structured;
  const isKnown = text === key || text === REDACTED || String(text).startsWith('lesser ');
  return isKnown && Object.keys(others).length === 0;
}

function argumentsOf({ args, key }: Decision): unknown {
  switch (args) {
    case 'valid':
      return { key };
    case 'unknown key':
      return { key, kee: key };
    case 'wrong type':
      return { key: 5 };
    case 'missing':
      return {};
    case 'no object':
      return [key];
    case 'broken text':
      return { key: 'half a letter: \ud83d' };
  }
}
