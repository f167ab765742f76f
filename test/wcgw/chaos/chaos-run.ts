import { KnownSecrets } from '@app/security';
import { StagedServer } from '../staged-server.js';
import { MetricRegistry } from '@app/metrics';
import { OperationRegistry, type ToolOperation } from '@app/pipeline';
import type { Held } from '@app/testing';
import { CANARIES } from './chaos-faults.js';
import { type Decision, decide } from './decisions.js';
import { Driver, LESSER } from './driver.js';
import { generatedToolsets } from './generated-tools.js';
import { CanaryWatch, Ledger, Tally } from './ledger.js';
import { LogWatch } from './log-watch.js';
import { toolPlans } from './tool-plans.js';
import { Workbench } from './workbench.js';
import { atRest, heapFloor, RejectionWatch, sameAgain, type World } from './world.js';

export interface ChaosSize {
  readonly seed: number;
  readonly decisions: number;
  /** After each, nothing is under way, and the heap is measured. */
  readonly rounds: number;
  readonly atOnce: number;
}

/** Most calls one decision makes: so many callers, each of whom asks, confirms, and confirms again. */
const CALLS_PER_DECISION = 9;

/** Short, so that who was refused is let in again within the run. */
const WINDOW_MS = 2_000;

/** A server with all generated tools, and what was seen while everything went wrong with them. */
export class ChaosRun {
  readonly ledger: Ledger;
  readonly log: LogWatch;
  readonly driver: Driver;
  /** Bytes, after each round. */
  readonly heapFloors: number[] = [];
  readonly rejections = new RejectionWatch();
  before!: World;
  after!: World;
  held!: Held;
  /** How calls ended, by the server's own count. */
  outcomes = new Tally();
  decisions = new Tally();
  callsTotal = 0;
  readonly metricCanaries = new CanaryWatch();
  seconds = 0;
  /** The generated tools, as the server knows them. */
  served: readonly ToolOperation[] = [];

  private constructor(
    readonly server: StagedServer,
    readonly bench: Workbench,
    readonly size: ChaosSize,
  ) {
    const maxCalls = size.decisions * CALLS_PER_DECISION;
    this.ledger = new Ledger(maxCalls);
    // Calls of this process that were made before have numbers too.
    this.log = new LogWatch(server, maxCalls + 1_000);
    this.driver = new Driver(server, toolPlans(size.seed), bench, this.ledger);
  }

  static async start(size: ChaosSize): Promise<ChaosRun> {
    const bench = new Workbench();
    const classes = generatedToolsets(toolPlans(size.seed), bench, LESSER);
    const server = await StagedServer.start(
      { limits: { sameFailurePauseMs: 200 }, throttle: { windowMs: WINDOW_MS } },
      classes,
    );
    for (const canary of Object.values(CANARIES)) server.probe.get(KnownSecrets).add(canary);
    return new ChaosRun(server, bench, size);
  }

  async go(): Promise<void> {
    const { seed, decisions, rounds, atOnce } = this.size;
    const startedAt = performance.now();
    await this.heat();
    this.before = await atRest(this.server);
    const deciding = decide(seed, decisions);
    const perRound = Math.ceil(decisions / rounds);
    for (let round = 0; round < rounds; round++) {
      await this.driver.run(take(deciding, perRound), atOnce);
      await this.server.probe.settled();
      await this.log.drain();
      this.heapFloors.push(await heapFloor());
    }
    this.after = await sameAgain(this.server, this.before);
    this.held = await this.server.probe.held();
    this.outcomes = await this.tally('wcgw_call_outcomes_total', (labels) => labels['outcome']!);
    this.decisions = await this.tally(
      'wcgw_stage_decisions_total',
      (labels) => `${labels['stage']}: ${labels['decision']}`,
    );
    this.callsTotal = await this.server.probe.metric('wcgw_calls_total');
    this.metricCanaries.look(await this.server.probe.get(MetricRegistry).text());
    this.served = this.server.probe
      .get(OperationRegistry)
      .tools()
      .filter(({ scope }) => scope === 'generated');
    // What floods of refusals are summed up to is recorded at the end of a window, or of the server.
    await this.server.stop();
    await this.log.drain();
    this.rejections.end();
    this.seconds = Math.round((performance.now() - startedAt) / 1_000);
  }

  /** One call of each way in, so that what is made once is there before anything is counted. It is counted too. */
  private async heat(): Promise<void> {
    const plain = { tool: 0, caller: 'alice', key: 'heat', args: 'valid', fault: 'none', confirm: 'no' } as const;
    const rest = { leaves: 'no', soonMs: 0, copies: 1 } as const;
    const first: Decision[] = [
      { ...plain, ...rest, via: 'http' },
      { ...plain, ...rest, via: 'direct' },
    ];
    await this.driver.run(first, 1);
    await heapFloor();
  }

  private async tally(metric: string, nameOf: (labels: Record<string, string>) => string): Promise<Tally> {
    const found = await this.server.probe.get(MetricRegistry).registry.getSingleMetric(metric)!.get();
    const tally = new Tally();
    for (const { labels, value } of found.values) tally.count(nameOf(labels as Record<string, string>), value);
    return tally;
  }
}

function take<T>(from: Iterator<T>, count: number): T[] {
  const taken: T[] = [];
  for (let next = from.next(); ; next = from.next()) {
    if (next.done !== true) taken.push(next.value);
    if (next.done === true || taken.length === count) return taken;
  }
}
