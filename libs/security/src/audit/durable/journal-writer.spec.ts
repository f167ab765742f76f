import { describe, expect, it } from '@jest/globals';
import { recordOf } from '../fixtures/audit-bench.js';
import { Journal } from '../journal/journal.js';
import { readLine } from '../journal/journal-line.js';
import { DURABLE_AUDIT_DEFAULTS } from './durable-audit.settings.js';
import { JournalWriter } from './journal-writer.js';

/** Keeps what is written, unless its disk is full. */
class PaperJournal extends Journal {
  readonly writes: { lines: string[]; syncs: boolean }[] = [];
  isFull = false;

  constructor() {
    super('', '', 0);
  }
  override append(lines: Uint8Array, syncs: boolean): Promise<void> {
    if (this.isFull) return Promise.reject(new Error('ENOSPC'));
    this.writes.push({ lines: Buffer.from(lines).toString().split('\n').slice(0, -1), syncs });
    return Promise.resolve();
  }
  get seqs(): (number | undefined)[] {
    return this.writes.flatMap(({ lines }) => lines).map((line) => readLine(line)?.seq);
  }
}

function setUp(settings: Partial<typeof DURABLE_AUDIT_DEFAULTS> = {}) {
  const journal = new PaperJournal();
  const changes: string[] = [];
  const writer = new JournalWriter(
    journal,
    'i',
    { ...DURABLE_AUDIT_DEFAULTS, retryAfterMs: 0, ...settings },
    (change) => changes.push(change),
  );
  return { journal, writer, changes };
}
const change = (number: number) => recordOf(number, { risk: 'write' });

describe('JournalWriter', () => {
  it('writes what came in one turn by one write, and no more than so many records', async () => {
    const { journal, writer } = setUp({ maxBatch: 3 });
    for (let number = 1; number <= 5; number++) void writer.add(change(number));
    await writer.flush();
    expect(journal.writes.map(({ lines }) => lines.length)).toEqual([3, 2]);
    expect(journal.seqs).toEqual([1, 2, 3, 4, 5]);
  });

  it('chains each record to the one before', async () => {
    const { journal, writer } = setUp();
    for (let number = 1; number <= 5; number++) await writer.add(change(number));
    const records = journal.writes.flatMap(({ lines }) => lines.map((line) => readLine(line)!));
    expect(records.slice(1).map(({ prev }) => prev)).toEqual(records.slice(0, -1).map(({ hash }) => hash));
  });

  it('syncs what must reach the disk before it is acknowledged, and nothing else', async () => {
    const { journal, writer } = setUp();
    for (const phase of ['intent', 'outcome', 'event', 'late_outcome'] as const)
      await writer.add({ ...change(1), phase });
    expect(journal.writes.map(({ syncs }) => syncs)).toEqual([true, false, true, false]);
  });

  it('refuses at once while the disk is full, loses nothing it took, and goes on when there is room', async () => {
    const { journal, writer, changes } = setUp();
    await writer.add(change(1));
    journal.isFull = true;
    const refused = writer.add(change(2));
    expect(writer.add(recordOf(3))).toBeUndefined();
    await expect(refused).rejects.toThrow('ENOSPC');
    expect(() => writer.add(recordOf(4))).toThrow('ENOSPC');
    await expect(writer.flush()).rejects.toThrow('ENOSPC');
    journal.isFull = false;
    while (writer.failure !== undefined) await new Promise((next) => setImmediate(next));
    await writer.add(change(5));
    expect(journal.seqs).toEqual([1, 2, 3, 4]);
    expect(changes).toEqual(['written', 'failed', 'mended', 'written', 'written']);
    expect(await writer.close()).toBe(0);
  });

  it('tells how much is lost when it ends and the disk is still full', async () => {
    const { journal, writer } = setUp({ retryAfterMs: 3_600_000 });
    journal.isFull = true;
    void writer.add(recordOf(1));
    void writer.add(recordOf(2));
    expect(await writer.close()).toBe(2);
  });
});
