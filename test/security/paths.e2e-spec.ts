import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verdictOf } from './attacker.js';
import type { Case } from './case.js';
import { closuresOf, WAYS } from './closures.js';
import type { Reply } from './evidence.js';
import { harmIn } from './harm.js';
import { oddCases } from './odd-cases.js';
import { readCases } from './read-cases.js';
import { Scene } from './scene.js';
import { differences } from './tree-snapshot.js';
import { World } from './world.js';
import { workingCases } from './working-cases.js';
import { writeCases } from './write-cases.js';

const world = new World();
const CASES: readonly Case[] = [readCases, oddCases, workingCases, writeCases].flatMap((make) => make(world.base));
let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open(world);
});
afterAll(async () => {
  await scene?.server.stop();
  await world.dispose();
});

/** Changes in the workspace that a case does not allow. */
const unwanted = (found: readonly string[], { changes = [] }: Case): string[] =>
  found.filter((problem) => !changes.some((path) => problem.startsWith(`${world.workspace}/${path}`)));

describe('paths and links', () => {
  // The temporary folder has another name each time; a test's name stays.
  const rows = CASES.map((each) => [each.row, each.what.replaceAll(world.base, '/base'), each.expected, each] as const);

  it.each(rows)('%s: %s: %s', async (_row, what, expected, each) => {
    const before = world.workspaceSnapshot();
    const evidence = await scene.gather(async () => [await scene.attacker.send(each.attempt, what)]);
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
    expect(Object.keys(WAYS).sort()).toEqual(scene.schemas.definitions.map(({ name }) => name));
  });

  it.each(closuresOf(world.base))('does no harm by $effect', async ({ attempts }) => {
    const evidence = await scene.gather(async () => {
      const replies: Reply[] = [];
      for (const attempt of attempts) replies.push(await scene.attacker.send(attempt));
      return replies;
    });
    expect(harmIn(evidence)).toEqual([]);
    expect(evidence.replies.length).toBeGreaterThan(100);
  });
});

describe('afterwards', () => {
  it('the audit has every call once, as it ended, and neither log nor error output has a secret', async () => {
    expect(await scene.close()).toEqual([]);
  });
});
