import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ServerError } from '@app/mcp';
import type { AuditRecord } from '../audit-record.js';
import { injected } from '@app/testing';
import { AuditBench, recordOf } from '../fixtures/audit-bench.js';
import { describeDialects } from '../fixtures/describe-dialects.js';
import type { DurableAudit } from './durable-audit.js';

let bench: AuditBench;
afterEach(() => bench.close());

const stored = () =>
  bench.database.sql<{ seq: number | string; facts: string; personal: string; call_id: string }>(
    'SELECT * FROM mcp_audit ORDER BY instance, seq',
  );
const journals = async (): Promise<string[]> =>
  (await readdir(bench.folder)).filter((name) => name.endsWith('.journal')).sort();
const journalText = async (): Promise<string> => {
  const texts = (await journals()).map((name) => readFile(join(bench.folder, name), 'utf8'));
  return (await Promise.all(texts)).join('');
};
const change = (number: number): AuditRecord => recordOf(number, { risk: 'write', operation: 'write_file' });
const codeOf = (work: () => unknown): Promise<string | undefined> =>
  Promise.resolve()
    .then(work)
    .then(
      () => undefined,
      (error: unknown) => (error instanceof ServerError ? error.code : 'other'),
    );

await describeDialects('the durable audit', (dialect) => {
  beforeEach(async () => {
    bench = await AuditBench.open(dialect);
  });

  it(injected('lost record', 'DurableAudit', 'stores every record with all it knows, in order'), async () => {
    const audit = await bench.start();
    const odd = 'x"\\\n\0\u2028\ud800é\t';
    const given = recordOf(1, {
      operation: odd,
      tenant: odd.repeat(200),
      subject: odd,
      callId: odd,
      notes: [odd],
      reason: odd,
      actors: ['proxy', odd],
      via: 'gateway',
      transport: 'http',
      era: 'modern',
      address: '192.0.2.1',
      arguments: '{"path":"a"}',
      policyVersion: 'p1',
      traceId: 'ab',
      details: { odd },
      count: 2,
    });
    void audit.record(given);
    await audit.settle();
    const [, row] = await stored();
    const { tenant, ...rest } = given;
    const { salt, ...personal } = JSON.parse(row!.personal) as Record<string, unknown>;
    expect(salt).toMatch(/^[0-9a-f]{24}$/u);
    const facts = JSON.parse(row!.facts) as Record<string, unknown>;
    expect({ ...facts, ...personal }).toMatchObject(rest);
    expect(facts['tenant']).toBe(`${tenant.slice(0, 511)}…`);
    expect(row!.facts).not.toContain('192.0.2.1');
    expect(await bench.flaws()).toEqual([]);
  });

  it('goes on while the database is down, to a bound, then refuses, and stores all once it is back', async () => {
    const audit = await bench.start({ maxBacklogBytes: 20_000 });
    await audit.settle();
    bench.database.isDown = true;
    let taken = 0;
    for (; taken < 100; taken++) if ((await codeOf(() => audit.record(change(taken)))) !== undefined) break;
    expect(taken).toBeGreaterThan(10);
    expect(taken).toBeLessThan(50);
    // What has an effect behind it finds room a little longer than what has not begun.
    expect(await codeOf(() => audit.record({ ...change(taken), phase: 'intent' }))).toBe('POLICY_UNAVAILABLE');
    expect(await codeOf(() => audit.record(recordOf(taken)))).toBe('POLICY_UNAVAILABLE');
    expect([audit.isWritable, audit.unshippedRecords]).toEqual([false, taken]);
    await expect(audit.settle()).rejects.toThrow(/database/u);
    bench.database.isDown = false;
    await audit.settle();
    expect([audit.isWritable, audit.backlogBytes, audit.lagMs]).toEqual([true, 0, 0]);
    expect(await codeOf(() => audit.record(change(taken)))).toBeUndefined();
    await audit.settle();
    expect(await stored()).toHaveLength(taken + 2);
    expect(await bench.flaws()).toEqual([]);
    expect(bench.log.map(([, message]) => message)).toContain('the audit takes records again');
  });

  it('removes files of the journal once they are stored, and the last with its end', async () => {
    const audit = await bench.start({ segmentBytes: 2_000 });
    for (let number = 0; number < 20; number++) await audit.record(change(number));
    expect((await journals()).length).toBeGreaterThan(5);
    await audit.settle();
    expect(await journals()).toHaveLength(1);
    await audit.close();
    expect((await readdir(bench.folder)).sort()).toEqual([`${audit.instance}.head`, 'signing-key.pem']);
    const heads = await bench.database.sql<{ kind: string }>('SELECT kind FROM mcp_audit_heads');
    expect(heads.map(({ kind }) => kind).sort()).toEqual(['end', 'periodic']);
  });

  it('ends without the database in bounded time, and the next start stores what it left', async () => {
    const first = await bench.start({ closeTimeoutMs: 1 });
    await first.record(change(1));
    bench.database.isDown = true;
    await first.close();
    expect(await stored()).toHaveLength(0);
    bench.database.isDown = false;
    await bench.ended(1);
    expect((await stored()).map(({ call_id: id }) => id)).toContain('call-1');
    expect(await bench.flaws()).toEqual([]);
  });
});

describe('taking records', () => {
  beforeEach(async () => {
    bench = await AuditBench.open();
  });

  it('acknowledges a change once its line is written, and takes a read at once', async () => {
    const audit = await bench.start();
    expect(audit.record(recordOf(1))).toBeUndefined();
    await audit.record(change(2));
    expect((await journalText()).split('\n').filter((line) => /call-[12]"/u.test(line))).toHaveLength(2);
  });

  it('lets a read wait when much waits already, and refuses before it is too much', async () => {
    const audit = await bench.start({ maxWaiting: 10 });
    const results: unknown[] = [];
    for (let number = 0; number < 20; number++) results.push(audit.record(recordOf(number)));
    expect(results.map((result) => result instanceof Promise)).toEqual([
      ...Array<boolean>(10).fill(false),
      ...Array<boolean>(10).fill(true),
    ]);
    expect(() => audit.record(recordOf(20))).toThrow(ServerError);
    await Promise.all(results);
    expect([audit.waitingRecords, audit.droppedRecords]).toEqual([0, 0]);
  });

  it('takes nothing before its start and after its end, but hears last words', async () => {
    const audit: DurableAudit = await bench.start();
    const closing = audit.close();
    void audit.record(recordOf(7));
    await closing;
    expect(await codeOf(() => audit.record(change(8)))).toBe('POLICY_UNAVAILABLE');
    expect((await stored()).map(({ call_id: id }) => id)).toContain('call-7');
  });

  it('lets no one else read its folder', async () => {
    const audit = await bench.start();
    await audit.record(change(1));
    expect((await stat(bench.folder)).mode & 0o777).toBe(0o700);
    for (const name of [...(await journals()), 'signing-key.pem'])
      expect((await stat(join(bench.folder, name))).mode & 0o777).toBe(0o600);
  });

  it('keeps a detail that is no JSON from stopping the audit', async () => {
    const audit = await bench.start();
    await audit.record({ ...change(1), details: { big: 1n } });
    await audit.record(change(2));
    await audit.settle();
    expect(await stored()).toHaveLength(3);
  });
});
