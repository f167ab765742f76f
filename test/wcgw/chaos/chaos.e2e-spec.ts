import { beforeAll, describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { ChaosRun } from './chaos-run.js';
import { digestOf } from './decisions.js';
import type { Canary } from './ledger.js';
import { TOOLS } from './tool-plans.js';
import { median } from './world.js';

const IS_FULL = process.env['PROOF'] === 'full';
const SIZE = {
  seed: Number(process.env['CHAOS_SEED'] ?? 20_260_728),
  decisions: IS_FULL ? 50_000 : 3_000,
  rounds: IS_FULL ? 20 : 5,
  atOnce: 200,
};
const RUN_MS = IS_FULL ? 15 * 60_000 : 120_000;
const NOTHING = { calls: 0, overdue: 0, places: 0, waiting: 0 };

let run: ChaosRun;
beforeAll(async () => {
  run = await ChaosRun.start(SIZE);
  await run.go();
  console.log(figures());
}, RUN_MS);

describe('everything goes wrong at random', () => {
  it('the same seed decides the same, another one decides otherwise', () => {
    const { seed, decisions } = SIZE;
    expect(digestOf(seed, decisions)).toBe(digestOf(seed, decisions));
    expect(digestOf(seed + 1, decisions)).not.toBe(digestOf(seed, decisions));
  });

  it('every policy is declared, by tools of every risk', () => {
    const tools = run.served;
    expect(tools).toHaveLength(TOOLS);
    expect(new Set(tools.map(({ risk }) => risk)).size).toBe(4);
    expect(new Set(tools.flatMap(({ policies }) => policies.names()))).toEqual(
      new Set(['call_limits', 'cached', 'confirmation', 'depends_on', 'fallback', 'invalidates', 'retry']),
    );
  });

  it('every stage that can decide has decided, and every kind of end has come', () => {
    const expected = [
      'throttle: refused RATE_LIMITED',
      'authorize: refused FORBIDDEN',
      'validate input: refused INVALID_ARGUMENT',
      'idempotency: replayed',
      'approval: confirmed',
      'approval: refused CONFIRMATION_REQUIRED',
      'approval: refused INVALID_PLAN',
      'cache: hit',
      'cache: stale',
      'cache: fallback',
      'retry: tried again',
      'breaker: refused CIRCUIT_OPEN',
      'bulkhead: waited',
      'bulkhead: refused OVERLOADED',
      'attempt timeout: timed out',
      'redact: redacted',
    ];
    expect(expected.filter((name) => !run.decisions.has(name))).toEqual([]);
    const ends = ['success', 'TIMEOUT', 'CANCELLED', 'INTERNAL', 'LIMIT', 'CONNECTION_FAILED', 'left'];
    expect(ends.filter((end) => !run.ledger.told.has(end))).toEqual([]);
  });

  it('every caller got exactly one answer, and it was his', () => {
    expect(run.ledger.notOnce()).toBe(0);
    expect(run.ledger.told.get('thrown') ?? 0).toBe(0);
    expect(run.ledger.wrong).toEqual([]);
    expect(run.driver.overHttp / run.ledger.calls).toBeGreaterThan(0.02);
  });

  it('as many calls were begun, ended and recorded as were made, each with the end its caller was told', () => {
    const { calls, told } = run.ledger;
    const { outcomes } = run;
    expect(run.callsTotal).toBe(calls);
    expect(outcomes.sum()).toBe(calls);
    expect(run.log.decisions.sum()).toBe(calls);
    expect(run.log.recordedTwice()).toBe(0);
    expect(Object.fromEntries(run.log.decisions)).toEqual(Object.fromEntries(outcomes));
    // Whoever has left reads nothing: his call ended somehow, and for all others nothing is left over.
    const untold = new Map([...outcomes].map(([end, count]) => [end, count - (told.get(end) ?? 0)]));
    expect([...untold].filter(([, count]) => count < 0)).toEqual([]);
    expect([...told.keys()].filter((end) => end !== 'left' && !outcomes.has(end))).toEqual([]);
    expect([...untold.values()].reduce((sum, count) => sum + count, 0)).toBe(told.get('left') ?? 0);
  });

  it('nothing is held afterwards that was not held before', () => {
    expect(run.held).toMatchObject(NOTHING);
    expect(run.bench.atWork()).toBe(0);
    expect(run.after).toEqual(run.before);
  });

  it('nobody got a place that was taken', () => {
    expect(run.bench.methodRuns).toBeGreaterThan(SIZE.decisions / 3);
    expect(run.bench.crowded).toBe(0);
  });

  it(injected('duplicate', 'idempotency', 'no key ran twice, whatever went wrong the first time'), () => {
    expect(run.bench.keys()).toBeGreaterThan(0);
    expect(run.bench.runTwice).toBe(0);
  });

  it(injected('irreversible loss', 'approval', 'no plan worked twice, whatever else went wrong'), () => {
    expect(run.driver.confirmed.right).toBeGreaterThan(0);
    expect(run.driver.confirmed.again).toBe(0);
  });

  it('no rejection went unhandled', () => {
    expect(run.rejections.seen).toEqual([]);
  });

  it('the heap does not grow with the calls', () => {
    const floors = run.heapFloors;
    const half = floors.slice(floors.length / 2);
    const [third, last] = [half.slice(0, half.length / 2), half.slice(half.length / 2)].map(median);
    const growth = last! / third! - 1;
    const middle = median(half);
    const deviation = Math.max(...half.map((floor) => Math.abs(floor / middle - 1)));
    // The small run ends before its caches are full.
    const bound = IS_FULL ? 0.05 : 0.3;
    expect(growth).toBeLessThan(bound);
    expect(deviation).toBeLessThan(bound);
  });

  for (const [where, canary] of [
    ['that a tool returned', 'result'],
    ['that stood in for a result', 'fallback'],
    ['in the text of an error for the caller', 'error told to the caller'],
    ['in the text of a defect', 'error told to the log'],
  ] as const)
    it(injected('secret leak', 'redact', `no secret ${where} is in any answer, log line or metric`), () => {
      expect(leaksOf(canary)).toEqual({ answers: 0, lines: 0, metrics: 0 });
    });
});

const leaksOf = (canary: Canary) => ({
  answers: run.ledger.canaries.of(canary),
  lines: run.log.canaries.of(canary),
  metrics: run.metricCanaries.of(canary),
});

function figures(): string {
  const list = (tally: Map<string, number>): string =>
    [...tally]
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name}: ${count}`)
      .join(', ');
  const { seed, decisions } = SIZE;
  const { calls, told } = run.ledger;
  const mib = run.heapFloors.map((bytes) => (bytes / 2 ** 20).toFixed(1));
  return [
    `seed: ${seed} (CHAOS_SEED), decisions: ${decisions}, digest: ${digestOf(seed, decisions)}, tools: ${TOOLS}`,
    `calls: ${calls} in ${run.seconds} s, over HTTP: ${run.driver.overHttp}, most at once: ${run.driver.mostAtOnce}`,
    `told: ${list(told)}`,
    `counted: ${list(run.outcomes)}`,
    `decided: ${list(run.decisions)}`,
    `audit: ${list(run.log.phases)}; other lines: ${run.log.messages.sum()}`,
    `method runs: ${run.bench.methodRuns}, keys run: ${run.bench.keys()}, confirmed: ${run.driver.confirmed.right}`,
    `held: ${JSON.stringify(run.held)}, before: ${JSON.stringify(run.before)}, after: ${JSON.stringify(run.after)}`,
    `heap floor MiB: ${mib.join(' ')}`,
  ].join('\n');
}
