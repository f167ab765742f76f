import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditBench } from '../fixtures/audit-bench.js';
import { type NotedHead, notedHeads } from './head-notes.js';

let bench: AuditBench;
beforeEach(async () => {
  bench = await AuditBench.open();
});
afterEach(() => bench.close());

async function noted(): Promise<NotedHead[]> {
  const rows = await bench.database.sql<{ facts: string }>(
    `SELECT facts FROM mcp_audit WHERE operation = 'audit_heads' ORDER BY instance DESC, seq`,
  );
  return rows.flatMap(({ facts }) => notedHeads((JSON.parse(facts) as { details?: Record<string, unknown> }).details));
}

describe('notes of heads', () => {
  it('name the end of every instance there was, and make the files of the dead unneeded', async () => {
    const first = await bench.ended(3);
    bench.now += 1;
    const second = await bench.start();
    await second.settle();
    expect(await noted()).toMatchObject([{ instance: first.instance, seq: 4 }]);
    expect((await readdir(bench.folder)).filter((name) => name.endsWith('.head'))).toEqual([`${second.instance}.head`]);
  });

  it('take nothing from the database that is no instance, or that this server has not signed', async () => {
    const { instance } = await bench.ended(3);
    const copy = `INSERT INTO mcp_audit_heads SELECT $1, seq + $2, kind, at, hash, signature, key_id
      FROM mcp_audit_heads WHERE kind = 'end' AND instance = $3`;
    await bench.database.sql(copy, '../../victim', 0, instance);
    await bench.database.sql(copy, '00000000-0000-7000-8000-000000000000', 100, instance);
    await (await bench.start()).settle();
    expect((await noted()).map(({ seq }) => seq)).toEqual([4]);
  });

  it('remember what was there although the database has forgotten it', async () => {
    const { instance } = await bench.ended(3);
    for (const table of ['mcp_audit', 'mcp_audit_heads']) await bench.database.sql(`DELETE FROM ${table}`);
    await (await bench.start()).settle();
    expect(await noted()).toMatchObject([{ instance, seq: 4 }]);
    expect(await bench.verify()).toMatchObject([{ what: 'missing instance', instance, seq: 1, untilSeq: 4 }]);
  });
});
