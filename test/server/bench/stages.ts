import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { ExternalContextCreator, NestFactory } from '@nestjs/core';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { loadSettings } from '@app/config';
import { createRootLogger } from '@app/logging';
import { LOCAL_PRINCIPAL, type ToolCall } from '@app/mcp';
import { Dispatcher, RecentCalls, STAGES } from '@app/pipeline';
import { AppModule } from '../../../apps/server/src/app.module.js';
import { PolicedTools } from './policed.toolset.js';

/**
 * What the stages cost: the same method called bare, through Nest's context without any stage, and through the
 * dispatcher under every policy. In one process, in turns, so that the machine is the same for all; the audit is
 * written to a log that goes nowhere. Prints medians as JSON.
 */
const ROUNDS = Number(process.argv[2] ?? 15);
const CALLS = Number(process.argv[3] ?? 3_000);

@Module({ providers: [PolicedTools] })
class BenchModule {}

const settings = loadSettings(
  { TOOLSETS: 'all', NODE_ENV: 'test', RATE_LIMIT_MAX_REQUESTS: '60000' },
  { transport: 'stdio' },
);
const root = createRootLogger(settings.log, { write: () => undefined });
const app = await NestFactory.createApplicationContext(
  AppModule.of(settings, root, { extra: [BenchModule], keeps: false }),
  { logger: false },
);
const dispatcher = app.get(Dispatcher);
const recent = app.get(RecentCalls);

/** The bare dispatcher: Nest's context around the method, with its parameters, and nothing else. */
class Bare {
  plain(input: { text: string }): { text: string } {
    return { text: input.text };
  }
}
const bare = new Bare();
const context = app
  .get(ExternalContextCreator)
  .create(bare as never, bare.plain as never, 'plain', ROUTE_ARGS_METADATA, {
    exchangeKeyForValue: () => undefined,
  }) as (input: unknown) => Promise<unknown>;

let serial = 0;
const client = { progress: () => undefined, log: () => undefined };
/** A caller of his own for every sixty thousand calls: the throttle counts, and never refuses. */
const principal = () => ({ ...LOCAL_PRINCIPAL, subject: `bench-${Math.floor(serial / 50_000)}` });
const through =
  (tool: string, keyed = false) =>
  async (): Promise<void> => {
    serial++;
    const meta = keyed ? { 'mcp-software-engineer/idempotency_key': `k${serial}` } : {};
    const outcome = await dispatcher.callTool(tool, { text: `t${serial}` }, { principal: principal(), client, meta });
    if (outcome.kind !== 'success') throw new Error(`${tool}: ${JSON.stringify(outcome)}`);
  };

const contenders: Record<string, () => Promise<unknown>> = {
  bare: () => context({ text: 'x' } as unknown as ToolCall),
  'no policy declared': through('echo_plain'),
  'every policy of a read': through('echo_policed'),
  'every policy of a write': through('change_policed'),
  'every policy of a write, with a key': through('change_policed', true),
};

/** As many calls as a busy server meets in one turn of its event loop. */
const CALLS_PER_TURN = 32;

async function measure(work: () => Promise<unknown>): Promise<number> {
  let spentMs = 0;
  for (let call = 0; call < CALLS; call += CALLS_PER_TURN) {
    const started = performance.now();
    for (let turn = 0; turn < CALLS_PER_TURN; turn++) await work();
    spentMs += performance.now() - started;
    await new Promise((next) => setImmediate(next));
  }
  return (spentMs / CALLS) * 1_000;
}

const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
const times = new Map(Object.keys(contenders).map((name) => [name, [] as number[]]));
for (let round = -3; round < ROUNDS; round++)
  for (const [name, work] of Object.entries(contenders)) {
    const microseconds = await measure(work);
    if (round >= 0) times.get(name)!.push(microseconds);
    await new Promise((next) => setImmediate(next));
  }

/** Time from one stage to the next, of the traces that are kept. */
function stagesOf(operation: string): Record<string, number> {
  const spans = new Map<string, number[]>();
  for (const trace of recent.list().filter((each) => each.operation === operation))
    trace.stages().forEach(({ stage, atMs }, index, all) => {
      const next = all[index + 1];
      if (next === undefined) return;
      const list = spans.get(stage) ?? [];
      list.push((next.atMs - atMs) * 1_000);
      spans.set(stage, list);
    });
  return Object.fromEntries(
    STAGES.map(({ name }) => name)
      .filter((name) => spans.has(name))
      .map((name) => [name, median(spans.get(name)!)]),
  );
}

for (const name of ['every policy of a read', 'every policy of a write, with a key'] as const)
  for (let call = 0; call < 250; call++) await contenders[name]!();
const calls = Object.fromEntries([...times].map(([name, list]) => [name, median(list)]));
const stages = { echo_policed: stagesOf('echo_policed'), change_policed: stagesOf('change_policed') };
process.stdout.write(`${JSON.stringify({ calls, stages })}\n`);
await app.close();
process.exit(0);
