import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditBench, recordOf } from '../fixtures/audit-bench.js';
import { Journal } from '../journal/journal.js';
import { DURABLE_AUDIT_DEFAULTS } from './durable-audit.settings.js';
import { JournalWriter } from './journal-writer.js';

const DEAD = '01900000-0000-7000-8000-00000000dead';

let bench: AuditBench;
beforeEach(async () => {
  bench = await AuditBench.open();
  await (await bench.start()).close();
});
afterEach(() => bench.close());

/** A journal as a killed process leaves it. */
async function leaveBehind(count: number, segmentBytes = 1_000_000): Promise<string> {
  const journal = new Journal(bench.folder, DEAD, segmentBytes);
  const writer = new JournalWriter(journal, DEAD, DURABLE_AUDIT_DEFAULTS, () => undefined);
  for (let number = 1; number <= count; number++) await writer.add(recordOf(number, { risk: 'write' }));
  await journal.close();
  const names = (await readdir(bench.folder)).filter((name) => name.startsWith(DEAD)).sort();
  return join(bench.folder, names.at(-1)!);
}

const storedSeqs = async (): Promise<number[]> => {
  const sql = 'SELECT seq FROM mcp_audit WHERE instance = $1 ORDER BY seq';
  return (await bench.database.sql<{ seq: number }>(sql, DEAD)).map(({ seq }) => seq);
};
const restart = () => bench.ended(1);
const recovered = () => bench.log.find(([, message]) => message.includes('died'));

describe('journals of dead processes', () => {
  it('are stored, of however many files, closed by a signed head, and removed', async () => {
    await leaveBehind(20, 2_000);
    await restart();
    expect(await storedSeqs()).toHaveLength(20);
    expect(await bench.database.sql('SELECT seq, kind FROM mcp_audit_heads WHERE instance = $1', DEAD)).toEqual([
      { seq: 20, kind: 'end' },
    ]);
    expect((await readdir(bench.folder)).filter((name) => name.startsWith(DEAD))).toEqual([]);
    expect(await bench.flaws()).toEqual([]);
    expect(recovered()).toMatchObject(['info', expect.anything(), { records: 20, tornLines: 0, damagedLines: 0 }]);
  });

  it.each([
    ['half a line', 'ab'.repeat(50)],
    ['zeroes', '\0'.repeat(700)],
  ])('lose %s at their end, and that is told', async (_, rest) => {
    await appendFile(await leaveBehind(5), rest);
    await restart();
    expect(await storedSeqs()).toEqual([1, 2, 3, 4, 5]);
    expect(await bench.flaws()).toEqual([]);
    expect(recovered()).toMatchObject(['warn', expect.anything(), { records: 5, tornLines: 1 }]);
    const [event] = await bench.database.sql<{ facts: string }>(
      `SELECT facts FROM mcp_audit WHERE operation = 'audit_recovered'`,
    );
    expect(JSON.parse(event!.facts)).toMatchObject({ details: { instance: DEAD, tornLines: 1 } });
  });

  it('lose no line but the one cut, wherever it is cut', async () => {
    const path = await leaveBehind(3);
    const text = await readFile(path, 'utf8');
    const last = text.slice(0, -1).lastIndexOf('\n') + 1;
    for (const cut of [last, last + 1, last + 100, last + 135, text.length - 40, text.length - 1]) {
      await writeFile(path, text.slice(0, cut));
      await bench.database.sql('DELETE FROM mcp_audit');
      await bench.database.sql('DELETE FROM mcp_audit_heads');
      await restart();
      // Without its line break the last line may be whole.
      expect(await storedSeqs()).toEqual(cut === text.length - 1 ? [1, 2, 3] : [1, 2]);
    }
  });

  it('that were changed before their end are stored as they are, named by verification, and kept', async () => {
    const path = await leaveBehind(6);
    const lines = (await readFile(path, 'utf8')).split('\n');
    lines[1] = lines[1]!.replace('"risk":"write"', '"risk":"read"');
    lines[3] = 'gone';
    await writeFile(path, lines.join('\n'));
    await restart();
    expect(await bench.flaws()).toEqual(['changed 2', 'removed 4']);
    expect((await readdir(bench.folder)).filter((name) => name.endsWith('.damaged'))).toHaveLength(1);
  });

  it('are left alone while their process lives', async () => {
    const living = await bench.start();
    await living.record(recordOf(1, { risk: 'write' }));
    await restart();
    const names = await readdir(bench.folder);
    expect(names.filter((name) => name.startsWith(living.instance)).sort()).toEqual([
      `${living.instance}.000001.journal`,
      `${living.instance}.sock`,
    ]);
    await living.record(recordOf(2, { risk: 'write' }));
    await living.settle();
    expect(await bench.flaws()).toEqual([]);
  });

  it('wait while the database is down, and count as backlog', async () => {
    await leaveBehind(5);
    bench.database.isDown = true;
    const audit = await bench.start();
    expect(audit.backlogBytes).toBeGreaterThan(2_000);
    await expect(audit.settle()).rejects.toThrow();
    bench.database.isDown = false;
    await audit.settle();
    expect([await storedSeqs(), audit.backlogBytes]).toEqual([[1, 2, 3, 4, 5], 0]);
  });

  it('may be found by two at once', async () => {
    await leaveBehind(50);
    const audits = await Promise.all([bench.start(), bench.start()]);
    await Promise.all(audits.map((audit) => audit.settle()));
    expect(await storedSeqs()).toHaveLength(50);
    expect(await bench.flaws()).toEqual([]);
  });
});
