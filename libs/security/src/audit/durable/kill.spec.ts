import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { AuditBench, recordOf } from '../fixtures/audit-bench.js';
import { describeDialects } from '../fixtures/describe-dialects.js';

const isFull = env['PROOF'] === 'full';
const CALLS = isFull ? 20_000 : 400;
const KILLS = isFull ? 10 : 3;
const SEED = Number(env['SEED'] ?? 20_260_101);

const HOOKS = join(import.meta.dirname, '../../../../resources/src/files/fixtures/source-hooks.mjs');
const PROCESS = join(import.meta.dirname, '../fixtures/audit-process.ts');

/** Numbers below 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns what was acknowledged before the process was killed, and also what came out of it afterwards */
async function killAfter(child: ChildProcess, acknowledgements: number): Promise<string[]> {
  const told: string[] = [];
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout! })) {
    if (/^(?:intent|outcome) /u.test(line)) told.push(line);
    if (told.length >= acknowledgements || line === 'done') child.kill('SIGKILL');
  }
  await ended;
  return told;
}

await describeDialects('the audit of a process that is killed', (dialect) => {
  let bench: AuditBench;
  beforeEach(async () => {
    bench = await AuditBench.open(dialect);
  });
  afterEach(() => bench.close());

  const startProcess = (first: number): ChildProcess => {
    const args = [dialect, bench.database.address, bench.dataDir, String(CALLS), String(first)];
    const stdio = ['ignore', 'pipe', 'inherit'] as ['ignore', 'pipe', 'inherit'];
    return spawn(execPath, ['--no-warnings', '--import', HOOKS, PROCESS, ...args], { stdio });
  };

  it(
    `has every record that was acknowledged, after each of ${KILLS} kills at a random moment (seed ${SEED})`,
    async () => {
      const random = randomOf(SEED);
      const acknowledged = new Set<string>();
      for (let kill = 0; kill < KILLS; kill++) {
        const child = startProcess(1 + kill * CALLS);
        const moment = 1 + Math.floor(random() * CALLS);
        const told = await killAfter(child, moment);
        expect(told.length).toBeGreaterThanOrEqual(moment);
        for (const line of told) acknowledged.add(line);
        await (await bench.start()).settle();
        const rows = await bench.database.sql<{ phase: string; call_id: string }>(
          'SELECT phase, call_id FROM mcp_audit',
        );
        const stored = new Set(rows.map(({ phase, call_id: id }) => `${phase} ${id}`));
        expect([...acknowledged].filter((each) => !stored.has(each))).toEqual([]);
        expect(await bench.flaws()).toEqual([]);
      }
    },
    isFull ? 600_000 : 60_000,
  );

  it('is left alone as long as it lives, by another one that uses the same folder', async () => {
    const child = startProcess(1);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    await lines.next();
    const other = await bench.start();
    for (let number = 1_000_000; number < 1_000_020; number++) {
      await other.record(recordOf(number, { risk: 'write' }));
      await other.settle();
    }
    while ((await lines.next()).value !== 'done');
    const ended = once(child, 'close');
    child.kill('SIGKILL');
    await ended;
    const [found] = await bench.database.sql<{ count: number | string }>(
      `SELECT count(*) AS count FROM mcp_audit WHERE kind = 'tool'`,
    );
    const reads = Math.floor(CALLS / 3);
    const denied = Math.floor(CALLS / 10) - Math.floor(CALLS / 30);
    expect(Number(found!.count)).toBe(reads + 2 * (CALLS - reads) - denied + 20);
    expect(await bench.flaws()).toEqual([]);
  });
});
