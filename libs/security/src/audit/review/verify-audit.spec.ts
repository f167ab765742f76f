import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { injected } from '@app/testing';
import { AuditBench, recordOf } from '../fixtures/audit-bench.js';
import { describeDialects } from '../fixtures/describe-dialects.js';
import { AnchorFiles } from '../journal/anchor-files.js';

await describeDialects('verification of the audit', (dialect) => {
  let bench: AuditBench;
  beforeEach(async () => {
    bench = await AuditBench.open(dialect);
  });
  afterEach(() => bench.close());

  const change = (set: string, seq: number, ...values: unknown[]) =>
    bench.database.sql(`UPDATE mcp_audit SET ${set} WHERE seq = $1`, seq, ...values);

  it('finds nothing wrong with what nobody touched, over several pages and instances', async () => {
    await bench.ended(1_200, { headEveryRecords: 7 });
    await bench.ended(3);
    expect(await bench.flaws()).toEqual([]);
  });

  it(injected('tampered record', 'verifyAudit', 'names every record of which a column was changed'), async () => {
    await bench.ended(20);
    const otherDigit = (column: string): string =>
      `${column} = CASE WHEN ${column} LIKE '0%' THEN '1' ELSE '0' END || substr(${column}, 2)`;
    const changes = [
      'at = at + 1',
      `phase = 'intent'`,
      `kind = 'prompt'`,
      `operation = 'write_file'`,
      `tenant = 'other'`,
      `decision = 'FORBIDDEN'`,
      'decision = NULL',
      `call_id = 'call-x'`,
      `facts = replace(facts, 'success', 'succeSs')`,
      `facts = '{}'`,
      `facts = 'x'`,
      otherDigit('prev'),
      otherDigit('hash'),
    ];
    for (const [index, set] of changes.entries()) await change(set, index + 5);
    const found = await bench.verify();
    expect(found.map(({ what, seq }) => [what, seq])).toEqual(changes.map((_, index) => ['changed', index + 5]));
    expect(found[0]).toMatchObject({ callId: 'call-4', detail: expect.stringContaining('column at') });
  });

  it('names the record whose personal part was changed, and the one where it was removed', async () => {
    await bench.ended(20);
    await change(`personal = replace(personal, 'alice', 'bob')`, 9);
    await change(`personal = NULL`, 12);
    expect(await bench.flaws()).toEqual(['personal changed 9', 'personal removed 12']);
  });

  it(injected('tampered record', 'verifyAudit', 'names a record that was removed, and several in a row'), async () => {
    await bench.ended(20);
    await bench.database.sql(`DELETE FROM mcp_audit WHERE seq IN (1, 5, 9, 10, 11)`);
    expect(await bench.flaws()).toEqual(['removed 1', 'removed 5', 'removed 9-11']);
  });

  it('names two records that were swapped', async () => {
    await bench.ended(20);
    for (const [from, to] of [
      [5, -1],
      [9, 5],
      [-1, 9],
    ])
      await change('seq = $2', from!, to);
    expect(await bench.flaws()).toEqual(['reordered 5', 'reordered 9']);
  });

  it('names neighbours that were swapped, with all that chains them', async () => {
    await bench.ended(20);
    const [five, six] = await bench.database.sql<{ facts: string; prev: string; hash: string; personal: string }>(
      'SELECT facts, prev, hash, personal FROM mcp_audit WHERE seq IN (5, 6) ORDER BY seq',
    );
    const all = 'facts = $2, prev = $3, hash = $4, personal = $5';
    await change(all, 5, six!.facts, five!.prev, six!.hash, six!.personal);
    await change(all, 6, five!.facts, six!.prev, five!.hash, five!.personal);
    expect(await bench.flaws()).toEqual(['changed 5', 'changed 6']);
  });

  it('names a record that was moved to another instance', async () => {
    await bench.ended(5);
    const [row] = await bench.database.sql<{ instance: string }>('SELECT instance FROM mcp_audit LIMIT 1');
    const moved = row!.instance.replace(/.$/u, (last) => (last === 'f' ? 'e' : 'f'));
    await change('instance = $2', 3, moved);
    const flaws = await bench.flaws();
    expect(flaws).toContain('removed 3');
    expect(flaws).toContain('reordered 3');
  });

  it('finds an end that was removed with everything that was signed about it, by what the server remembers', async () => {
    const audit = await bench.start({ headEveryRecords: 5 });
    for (let number = 1; number <= 20; number++) {
      await audit.record(recordOf(number));
      if (number % 5 === 0) await audit.settle();
    }
    await audit.close();
    await bench.database.sql('DELETE FROM mcp_audit WHERE seq > 16');
    expect(await bench.flaws()).toEqual(['removed 17-21']);
    await bench.database.sql('DELETE FROM mcp_audit_heads WHERE seq > 16');
    const anchors = await new AnchorFiles(bench.folder).read();
    expect(await bench.flaws({ anchors })).toEqual(['removed 17-21']);
  });

  it('finds an end that was removed, and a whole instance, by what others have noted', async () => {
    const first = await bench.ended(10, { headEveryRecords: 5 });
    await bench.ended(5);
    await bench.database.sql('DELETE FROM mcp_audit WHERE instance = $1 AND seq > 6', first.instance);
    await bench.database.sql('DELETE FROM mcp_audit_heads WHERE instance = $1 AND seq > 6', first.instance);
    const [finding, ...more] = await bench.verify();
    expect([finding?.what, finding?.instance, finding?.untilSeq]).toEqual(['unsigned tail', first.instance, 6]);
    expect(more).toMatchObject([{ what: 'removed', instance: first.instance, seq: 7, untilSeq: 11 }]);
    for (const table of ['mcp_audit', 'mcp_audit_heads'])
      await bench.database.sql(`DELETE FROM ${table} WHERE instance = $1`, first.instance);
    expect(await bench.verify()).toMatchObject([{ what: 'missing instance', instance: first.instance }]);
  });

  it('finds a chain that was written anew from some record on, by the heads', async () => {
    const { forge } = await import('../fixtures/forger.js');
    await bench.ended(20, { headEveryRecords: 10 });
    await forge(bench.database, 8, 21);
    const flaws = await bench.flaws();
    expect(flaws.some((flaw) => flaw.startsWith('head mismatch'))).toBe(true);
  });

  it('names the last record that was written anew, where the genuine chain goes on', async () => {
    const { forge } = await import('../fixtures/forger.js');
    await bench.ended(20);
    await forge(bench.database, 8, 10);
    expect(await bench.flaws()).toEqual(['changed 10']);
  });

  it('does not take a tail that nobody signed for long, and takes a fresh one', async () => {
    const audit = await bench.start();
    for (let number = 1; number <= 5; number++) await audit.record(recordOf(number));
    await audit.settle();
    await bench.database.sql('DELETE FROM mcp_audit_heads');
    expect(await bench.flaws({ now: bench.now + 1_000 })).toEqual([]);
    expect(await bench.flaws()).toEqual(['unsigned tail 1-6']);
  });

  it('takes no head that was tampered with, and none of a key it was not told to trust', async () => {
    await bench.ended(5);
    const { publicKey } = generateKeyPairSync('ed25519');
    const foreign = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(new Set(await bench.flaws({ publicKeys: [foreign] }))).toContain('unknown key 6');
    await bench.database.sql(`UPDATE mcp_audit_heads SET at = at + 1`);
    expect(await bench.flaws()).toEqual(['bad signature 6', 'bad signature 6', 'unsigned tail 1-6']);
  });

  it('tells no more than it was asked for, and that there is more', async () => {
    await bench.ended(20);
    await bench.database.sql(`UPDATE mcp_audit SET tenant = 'x'`);
    expect(await bench.flaws({ maxFindings: 3 })).toHaveLength(3);
  });
});
