import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServerProcess } from '../support/server-process.js';
import { Attacker, verdictOf } from './attacker.js';
import type { Case } from './case.js';
import { closuresOf, WAYS } from './closures.js';
import type { AuditedCall, Evidence, Reply } from './evidence.js';
import { auditProblems, harmIn } from './harm.js';
import { readCases } from './read-cases.js';
import { SchemaJudge } from './schema-judge.js';
import { LIVE_MS, SecondClient } from './second-client.js';
import { differences } from './tree-snapshot.js';
import { World } from './world.js';
import { writeCases } from './write-cases.js';

const world = new World();
const CASES: readonly Case[] = [...readCases(world.base), ...writeCases(world.base)];
let server: ServerProcess;
let attacker: Attacker;
let second: SecondClient;
let schemas: SchemaJudge;

beforeAll(async () => {
  server = await ServerProcess.start({ workspace: world.workspace, env: world.environment });
  attacker = new Attacker(server.url);
  second = new SecondClient(server.url);
  schemas = await SchemaJudge.of(server.url);
});
afterAll(async () => {
  await server.stop();
  await world.dispose();
});

/** Runs a piece of work between two looks at everything that must not change. */
async function gather(work: () => Promise<Reply[]>): Promise<Evidence> {
  const before = { outside: world.outsideSnapshot(), git: world.gitSnapshot() };
  const { value: replies, probes } = await second.watch(work);
  return {
    canaries: world.canaries,
    replies,
    probes,
    liveMs: LIVE_MS,
    outside: { before: before.outside, after: world.outsideSnapshot() },
    git: { before: before.git, after: world.gitSnapshot() },
    output: { stderr: server.stderr },
    secretPaths: [world.base, '/proc/self/fd'],
    schemaProblems: (reply) => schemas.problemsOf(reply),
  };
}

/** Changes in the workspace that a case does not allow. */
const unwanted = (found: readonly string[], { changes = [] }: Case): string[] =>
  found.filter((problem) => !changes.some((path) => problem.startsWith(`${world.workspace}/${path}`)));

describe('paths and links', () => {
  it.each(CASES.map((each) => [each.row, each.what, each.expected, each] as const))('%s: %s: %s', async (_row, what, expected, each) => {
    const before = world.workspaceSnapshot();
    const evidence = await gather(async () => [await attacker.send(each.attempt, what)]);
    const [reply] = evidence.replies;
    expect([verdictOf(reply!), reply!.bytes.toString('utf8')]).toEqual([expected, expect.anything()]);
    expect(harmIn(evidence)).toEqual([]);
    expect(unwanted(differences(before, world.workspaceSnapshot()), each)).toEqual([]);
    each.also?.(reply!, world);
  });

  it('are tried with enough that must work: at least a fifth', () => {
    expect(CASES.length).toBeGreaterThan(300);
    expect(CASES.filter(({ expected }) => expected === 'success').length).toBeGreaterThanOrEqual(CASES.length / 5);
  });
});

describe('every tool that could', () => {
  it('is known here', () => {
    expect(Object.keys(WAYS).sort()).toEqual(schemas.definitions.map(({ name }) => name));
  });

  it.each(closuresOf(world.base))('does no harm by $effect', async ({ attempts }) => {
    const evidence = await gather(async () => {
      const replies: Reply[] = [];
      for (const attempt of attempts) replies.push(await attacker.send(attempt));
      return replies;
    });
    expect(harmIn(evidence)).toEqual([]);
    expect(evidence.replies.length).toBeGreaterThan(100);
  });
});

describe('afterwards', () => {
  it('the audit has every call once, as it ended, and neither log nor error output has a secret', async () => {
    const { stdout } = server.child;
    const ended = new Promise((done) => stdout!.once('end', done));
    expect(await server.stop()).toBe(0);
    await ended;
    const log = server.log();
    const probes: AuditedCall[] = Array.from({ length: second.calls }, (_, at) => ({ what: `probe ${at}`, kind: 'tool', decision: 'success' }));
    expect(auditProblems(log, [...attacker.calls, schemas.call, ...probes], schemas.changing)).toEqual([]);
    const texts = [JSON.stringify(log), server.stderr];
    expect(world.canaries.flatMap((canary) => texts.map((text) => canary.foundIn(text)))).toEqual(Array(world.canaries.length * 2).fill(undefined));
  });
});
