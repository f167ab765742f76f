import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { AuditBench, recordOf } from '../fixtures/audit-bench.js';
import { describeDialects } from '../fixtures/describe-dialects.js';
import { AuditErasure } from './audit-erasure.js';
import { queryAudit } from './query-audit.js';

const BY = { tenant: 'acme', subject: 'dpo', scopes: [], actors: ['console'], via: 'token' } as const;

await describeDialects('erasure', (dialect) => {
  let bench: AuditBench;
  beforeEach(async () => {
    bench = await AuditBench.open(dialect);
  });
  afterEach(() => bench.close());

  it('takes the personal data of one person out, leaves the chain whole, and says who asked', async () => {
    await bench.ended(3);
    const audit = await bench.start();
    for (let number = 1; number <= 1_300; number++)
      await audit.record(recordOf(number, { subject: number % 2 === 0 ? 'alice' : 'bob', address: '192.0.2.7' }));
    await audit.record(recordOf(9_999, { tenant: 'other' }));
    // Still in the journal: it is erased all the same.
    const person = { tenant: 'acme', subject: 'alice' };
    expect(await new AuditErasure(bench.database, audit).erase(person, BY)).toBe(653);
    const names = async (tenant: string): Promise<(string | undefined)[]> =>
      (await queryAudit(bench.database, { tenant, operation: 'read_files', limit: 1_000 })).records.map(
        ({ subject }) => subject,
      );
    expect(new Set(await names('acme'))).toEqual(new Set([undefined, 'bob']));
    expect(await names('other')).toEqual(['alice']);
    expect(await bench.flaws()).toEqual([]);
    const { records } = await queryAudit(bench.database, { operation: 'erasure' });
    expect(records[0]).toMatchObject({ subject: 'dpo', actors: ['console'], details: { person: expect.any(String) } });
    expect(records.map(({ details }) => details?.['records'])).toEqual([
      expect.any(Number),
      expect.any(Number),
      expect.any(Number),
    ]);
    const journals = (await readdir(bench.folder)).filter((name) => name.endsWith('.journal'));
    for (const name of journals) expect(await readFile(join(bench.folder, name), 'utf8')).not.toContain('"alice"');
    expect(await new AuditErasure(bench.database, audit).erase(person, BY)).toBe(0);
  });

  it('covers nothing but what it names', async () => {
    const audit = await bench.start();
    for (let number = 1; number <= 9; number++) await audit.record(recordOf(number, { subject: `s${number}` }));
    await new AuditErasure(bench.database, audit).erase({ tenant: 'acme', subject: 's3' }, BY);
    await bench.database.sql('UPDATE mcp_audit SET personal = NULL WHERE seq IN (3, 5)');
    expect(await bench.flaws()).toEqual(['personal removed 3', 'personal removed 5']);
  });

  it('changes nothing when it cannot be recorded', async () => {
    const audit = await bench.start();
    await audit.record(recordOf(1));
    await audit.settle();
    const erasure = new AuditErasure(bench.database, {
      settle: () => audit.settle(),
      turnOver: () => audit.turnOver(),
      key: audit.key,
      events: { record: () => Promise.reject(new Error('full')) } as never,
    });
    await expect(erasure.erase({ tenant: 'acme', subject: 'alice' }, BY)).rejects.toThrow('full');
    expect((await queryAudit(bench.database, { subject: 'alice' })).records).toHaveLength(1);
  });
});
