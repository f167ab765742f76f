import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { AuditBench, recordOf, T0 } from '../fixtures/audit-bench.js';
import { describeDialects } from '../fixtures/describe-dialects.js';
import type { DurableAudit } from '../durable/durable-audit.js';
import { AuditErasure } from './audit-erasure.js';
import { AuditRetention } from './audit-retention.js';

const DAY_MS = 86_400_000;

await describeDialects('retention', (dialect) => {
  let bench: AuditBench;
  let audit: DurableAudit;
  beforeEach(async () => {
    bench = await AuditBench.open(dialect);
    audit = await bench.start();
  });
  afterEach(() => bench.close());

  const write = async (count: number): Promise<void> => {
    for (let number = 0; number < count; number++) await audit.record(recordOf(number, { at: bench.now }));
    await audit.settle();
  };
  const apply = (days = 30) => {
    const log = { error: (message: string, facts?: unknown) => void bench.log.push(['error', message, facts]) };
    return new AuditRetention(bench.database, audit.key, audit.events, log, () => bench.now).apply(days);
  };
  const count = async (): Promise<number> => (await bench.database.sql('SELECT 1 AS one FROM mcp_audit')).length;

  it('removes what is too old from the front of each chain, and verification begins there', async () => {
    await write(700);
    bench.now = T0 + 40 * DAY_MS;
    await write(5);
    expect(await apply()).toBe(701);
    expect(await count()).toBe(5);
    expect(await bench.flaws()).toEqual([]);
    expect(await apply()).toBe(0);
    await audit.settle();
    expect(await count()).toBe(6);
    await write(3);
    expect(await bench.flaws()).toEqual([]);
  });

  it('can remove all of an instance that others know, more than once', async () => {
    await write(5);
    await audit.close();
    for (const day of [40, 80]) {
      bench.now = T0 + day * DAY_MS;
      audit = await bench.start();
      await write(1);
      expect(await apply()).toBeGreaterThanOrEqual(day === 40 ? 6 : 2);
      expect(await bench.flaws()).toEqual([]);
    }
  });

  it('is the only one who may remove', async () => {
    await write(20);
    bench.now = T0 + 40 * DAY_MS;
    await write(5);
    await bench.database.sql('DELETE FROM mcp_audit WHERE seq <= 10');
    expect(await bench.flaws()).toEqual(['removed 1-10']);
    expect(await apply()).toBe(0);
    expect(bench.log.some(([level, message]) => level === 'error' && message.includes('keeps old records'))).toBe(true);
  });

  it('cannot be made to remove young records by telling it that they are old', async () => {
    await write(20);
    await bench.database.sql('UPDATE mcp_audit SET at = 0');
    expect(await apply()).toBe(0);
    expect(await count()).toBe(21);
  });

  it('finds records that come back', async () => {
    await write(20);
    const [row] = await bench.database.sql<Record<string, unknown>>('SELECT * FROM mcp_audit WHERE seq = 4');
    bench.now = T0 + 40 * DAY_MS;
    await write(5);
    await apply();
    const names = Object.keys(row!);
    const places = names.map((_, index) => `$${index + 1}`).join(', ');
    await bench.database.sql(`INSERT INTO mcp_audit (${names.join(', ')}) VALUES (${places})`, ...Object.values(row!));
    expect(await bench.flaws()).toEqual(['restored 4']);
  });

  it('keeps an erasure longer than what it covers', async () => {
    await write(3);
    const by = { tenant: 'acme', subject: 'dpo', scopes: [], actors: [] };
    expect(await new AuditErasure(bench.database, audit).erase({ tenant: 'acme', subject: 'alice' }, by)).toBe(3);
    bench.now = T0 + 31 * DAY_MS;
    expect(await apply()).toBe(4);
    await audit.settle();
    expect(await bench.flaws()).toEqual([]);
    bench.now = T0 + 38 * DAY_MS;
    expect(await apply()).toBe(1);
  });

  it('begins at once, and ends with the application', async () => {
    await write(5);
    bench.now = T0 + 40 * DAY_MS;
    const log = { error: () => undefined };
    const retention = new AuditRetention(bench.database, audit.key, audit.events, log, () => bench.now);
    retention.repeat(30);
    while ((await count()) > 5) await new Promise((next) => setImmediate(next));
    await retention.onModuleDestroy();
    await audit.settle();
    expect(await bench.flaws()).toEqual([]);
  });
});
