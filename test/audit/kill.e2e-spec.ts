import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { env } from 'node:process';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../wcgw/chaos/seeded-random.js';
import { describeDatabases } from './audit-databases.js';
import { KilledServer } from './killed-server.js';
import { ANSWERS, CALLERS, CHANGES, MixedCalls } from './mixed-calls.js';
import { Tampering } from './tampering.js';

const isFull = env['PROOF'] === 'full';
const CALLS = isFull ? 20_000 : 600;
const KILLS = isFull ? 10 : 2;
const TAMPERED = isFull ? 20 : 3;
const SEED = Number(env['SEED'] ?? 20_261_123);
const WAIT_MS = isFull ? 900_000 : 60_000;

/** Of all answers, those after which the process is killed: one at random in each of as many parts. */
function momentsOf(random: SeededRandom): number[] {
  // The last ones would come too late: who is killed loses up to one call of each caller.
  const part = Math.floor((CALLS - KILLS * CALLERS) / KILLS);
  return Array.from({ length: KILLS }, (_, kill) => random.between(kill * part + 1, (kill + 1) * part));
}

await describeDatabases(`the audit of a server that is killed (seed ${SEED})`, (newDatabase) => {
  const random = new SeededRandom(SEED);
  const calls = new MixedCalls(random, CALLS);
  const signals: (NodeJS.Signals | null)[] = [];
  let server: KilledServer;
  let exitCode: number | null;

  beforeAll(async () => {
    server = await KilledServer.create(newDatabase);
    await MixedCalls.prepare(server.workspace);
    const moments = momentsOf(random);
    for (const [index, moment] of moments.entries()) {
      const { url } = await server.start(index > 0);
      await calls.run(url, (count) => {
        if (count === moment) server.kill();
      });
      signals.push(await server.ended());
    }
    await calls.run((await server.start(true)).url, () => undefined);
    exitCode = await server.stop();
  }, WAIT_MS);
  afterAll(() => server.close());

  it('was killed so often in the middle of its work, and ended by itself at last', () => {
    expect(signals).toEqual(Array.from({ length: KILLS }, () => 'SIGKILL'));
    expect(exitCode).toBe(0);
    expect(calls.answered.length).toBeGreaterThanOrEqual(CALLS - KILLS * CALLERS);
    expect(calls.answered.filter(({ kind, answer }) => answer !== ANSWERS[kind])).toEqual([]);
  });

  it('has the intent and the outcome of every change that was answered, once each', async () => {
    const records = await server.records();
    const phases = new Map<string, string[]>();
    for (const { callId, phase, operation, decision } of records) {
      const line = [phase, operation, decision].join(' ').trimEnd();
      phases.set(callId, [...(phases.get(callId) ?? []), line]);
    }
    const changes = calls.answered.filter(({ kind }) => CHANGES.has(kind));
    expect(changes.length).toBeGreaterThan(CALLS / 4);
    const wrong = changes.filter(({ callId, tool, answer }) => {
      const expected = [`intent ${tool}`, `outcome ${tool} ${answer}`];
      return JSON.stringify(phases.get(callId!)) !== JSON.stringify(expected);
    });
    expect(wrong).toEqual([]);
  });

  it('has an intent before every effect, also before those that nobody was told of', async () => {
    const intents = (await server.records()).filter(({ phase }) => phase === 'intent');
    const intended = new Set(intents.map(({ arguments: input }) => (JSON.parse(input!) as { path: string }).path));
    // What was not written whole yet stands beside its place under a name of its own.
    const names = (await readdir(join(server.workspace, 'made'))).map((name) => /\d+\.txt/.exec(name)![0]);
    const made = names.map((name) => `made/${name}`);
    expect(made.length).toBeGreaterThan(CALLS / 10);
    expect(made.filter((path) => !intended.has(path))).toEqual([]);
  });

  it('has intents without an outcome only of calls that were under way', async () => {
    const records = await server.records();
    const ended = new Set(records.flatMap(({ phase, callId }) => (phase === 'outcome' ? [callId] : [])));
    const open = records.filter(({ phase, callId }) => phase === 'intent' && !ended.has(callId));
    expect(open.length).toBeLessThanOrEqual(KILLS * CALLERS);
    const answered = new Set(calls.answered.map(({ callId }) => callId));
    expect(open.filter(({ callId }) => answered.has(callId))).toEqual([]);
  });

  it('is found to be as it was recorded, every run of it', async () => {
    const { findings, instances, records } = await server.verify();
    expect(findings).toEqual([]);
    expect(instances).toBe(KILLS + 1);
    expect(records).toBe((await server.records()).length);
  });

  describe('and tampered with', () => {
    let tampering: Tampering;
    beforeAll(async () => {
      tampering = await Tampering.of(server.database, random);
    });
    afterEach(() => tampering.undo());

    it.each([
      ['one byte that was flipped', 'flipByte', 'changed'],
      ['a record that was deleted', 'remove', 'removed'],
      ['two records that say what the other one said', 'swapFacts', 'changed'],
      ['two records that were swapped', 'swapRows', 'reordered'],
    ] as const)(
      `names %s, ${TAMPERED} times`,
      async (_, harm, what) => {
        for (let turn = 0; turn < TAMPERED; turn++) {
          const places = await tampering[harm]();
          const { findings } = await server.verify();
          const found = findings.map(({ what: flaw, instance, seq, callId }) => [flaw, instance, seq, callId]);
          // Of one that is gone nobody knows whose it was.
          const named = places.map(({ instance, seq, callId }) => [
            what,
            instance,
            seq,
            harm === 'remove' ? undefined : callId,
          ]);
          expect(found).toEqual(named);
          await tampering.undo();
          expect((await server.verify()).findings).toEqual([]);
        }
      },
      WAIT_MS,
    );
  });
});
