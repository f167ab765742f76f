import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AuditBench, recordOf, T0 } from '../fixtures/audit-bench.js';
import { describeDialects } from '../fixtures/describe-dialects.js';
import { exportAudit } from './export-audit.js';
import { type AuditQuery, queryAudit } from './query-audit.js';

await describeDialects('queries', (dialect) => {
  let bench: AuditBench;
  beforeAll(async () => {
    bench = await AuditBench.open(dialect);
    const audit = await bench.start();
    for (let number = 1; number <= 60; number++)
      await audit.record(
        recordOf(number, {
          subject: number % 3 === 0 ? 'bob' : 'alice',
          tenant: number % 5 === 0 ? 'other' : 'acme',
          operation: number % 2 === 0 ? 'write_file' : 'read_files',
          decision: number % 7 === 0 ? 'FORBIDDEN' : 'success',
        }),
      );
    await audit.settle();
  });
  afterAll(() => bench.close());

  const numbers = async (query: AuditQuery): Promise<number[]> => {
    const { records } = await queryAudit(bench.database, query);
    return records.filter(({ kind }) => kind === 'tool').map(({ at }) => at - T0);
  };

  it.each<[string, AuditQuery, number[]]>([
    ['time', { since: T0 + 58, until: T0 + 59 }, [58, 59]],
    ['tenant and tool', { tenant: 'other', operation: 'write_file' }, [10, 20, 30, 40, 50, 60]],
    ['principal', { subject: 'bob', tenant: 'other' }, [15, 30, 45, 60]],
    ['decision', { decision: 'FORBIDDEN', until: T0 + 30 }, [7, 14, 21, 28]],
    ['call', { callId: 'call-33' }, [33]],
    ['the newest', { newestFirst: true, limit: 3 }, [60, 59, 58]],
    ['nothing', { subject: 'mallory' }, []],
  ])('find by %s', async (_, query, expected) => {
    expect(await numbers(query)).toEqual(expected);
  });

  it.each([false, true])('go on where they ended, newest first: %s', async (newestFirst) => {
    const found: number[] = [];
    let cursor: string | undefined;
    do {
      const answer = await queryAudit(bench.database, { operation: 'write_file', limit: 7, newestFirst, cursor });
      found.push(...answer.records.map(({ at }) => at - T0));
      ({ cursor } = answer);
    } while (cursor !== undefined);
    const even = Array.from({ length: 30 }, (__, index) => 2 * (index + 1));
    expect(found).toEqual(newestFirst ? even.toReversed() : even);
  });

  it('refuse a cursor that is none', async () => {
    for (const cursor of ['', 'x', Buffer.from('[1,2]').toString('base64url')])
      await expect(queryAudit(bench.database, { cursor })).rejects.toMatchObject({ code: 'INVALID_CURSOR' });
  });

  it('cannot be made to say something else by what is asked', async () => {
    expect(await numbers({ tenant: `acme' OR '1'='1`, decision: `'; DROP TABLE mcp_audit --`, callId: '\0' })).toEqual(
      [],
    );
    expect(await numbers({ callId: 'call-1' })).toEqual([1]);
  });

  it('export every record as a line of JSON', async () => {
    const lines: string[] = [];
    for await (const line of exportAudit(bench.database, { tenant: 'acme' })) lines.push(line);
    expect(lines).toHaveLength(48);
    expect(JSON.parse(lines[0]!)).toMatchObject({ callId: 'call-1', subject: 'alice', hash: expect.any(String) });
    expect(lines.join('')).not.toMatch(/"salt"|\n/u);
  });
});
