import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CODES, type ErrorCode } from '@app/mcp';
import { TestKit } from '@app/testing';
import { modernRequest, post } from '../support/mcp-messages.js';
import { lacksOne, whoActs, whoActsAfter } from './closed-codes.js';
import { errorsDocument } from './errors-document.js';
import { FailingTools, SECRETS } from './failing.toolset.js';
import { StagedServer } from './staged-server.js';

const ALL = Object.keys(CODES) as ErrorCode[];
const ROOT = join(import.meta.dirname, '../..');
const META = 'mcp-software-engineer/error';

let server: StagedServer;
let kit: TestKit;
beforeAll(async () => {
  // Every call fails here, and fails the same way: that is not what is looked at.
  const limits = { sameFailures: 1_000 };
  server = await StagedServer.start({ limits }, [FailingTools]);
  kit = await TestKit.start({ toolsetClasses: [FailingTools], limits });
});
afterAll(async () => {
  await server.stop();
  await kit.stop();
});

/** The result of a call, member by member as it came over the wire. */
async function resultOf(name: string, args: object): Promise<Record<string, unknown>> {
  const { headers, body } = modernRequest('tools/call', { name, arguments: args });
  const { status, message } = await post(server.url, body, headers);
  expect([status, message.error]).toEqual([200, undefined]);
  return message.result!;
}
const errorIn = (result: Record<string, unknown>) =>
  (result['_meta'] as Record<string, Record<string, unknown>>)[META] as Record<string, unknown> | undefined;
/** Lines of the log about one call, the audit's left out. */
const linesOf = (callId: unknown): Record<string, unknown>[] =>
  server.log().filter((line) => line['call_id'] === callId && line['msg'] !== 'audit');

describe('every code', () => {
  it.each(ALL)('%s comes over HTTP as a failed result with its text and its facts, and nothing else', async (code) => {
    const { retryable } = CODES[code];
    const result = await resultOf('fail_as', { code });
    const callId = (result['_meta'] as Record<string, unknown>)['mcp-software-engineer/call_id'];
    expect(callId).toMatch(/^\S{10,}$/);
    expect(Object.keys(result).sort()).toEqual(['_meta', 'content', 'isError', 'resultType']);
    expect(result).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: `${code}: It ended with ${code.toLowerCase()}.` }],
    });
    expect(errorIn(result)).toEqual({ code, retryable, call_id: callId });
    expect(await server.outcomes('fail_as', code)).toBe(1);
  });

  it.each(ALL)('%s reaches whoever calls the tool in a test, and the audit', async (code) => {
    const outcome = await kit.call('fail_as', { code });
    expect(outcome).toMatchObject({
      kind: 'failure',
      error: { code, retryable: CODES[code].retryable, message: `It ended with ${code.toLowerCase()}.` },
    });
    expect(kit.audit().at(-1)).toMatchObject({ operation: 'fail_as', decision: code });
  });

  it('tells after how long and with what hint it may be tried again, where that is known', async () => {
    for (const code of ALL) {
      const hint = `Do something about ${code}.`;
      const result = await resultOf('fail_as', { code, retry_after_ms: 1_234, hint });
      expect(errorIn(result)).toMatchObject({ code, retry_after_ms: 1_234, hint });
      expect(result['content']).toEqual([
        { type: 'text', text: `${code}: It ended with ${code.toLowerCase()}. Hint: ${hint}` },
      ]);
    }
  });

  it('says when it is given, and one that may be retried says so in every respect', () => {
    expect(ALL.length).toBeGreaterThan(30);
    for (const code of ALL) {
      const { when, retryable, recovery } = CODES[code];
      expect([code, when]).toEqual([code, expect.stringMatching(/^[A-Z].{10,}\.$/)]);
      expect([code, recovery === 'retry later']).toEqual([code, retryable]);
    }
  });

  it('stands in docs/errors.md, which node scripts/errors.mjs writes', () => {
    expect(readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')).toBe(errorsDocument(CODES));
  });

  it('would be missed in that document', () => {
    const { NOT_FOUND: _missing, ...others } = CODES;
    expect(errorsDocument(others)).not.toBe(errorsDocument(CODES));
  });
});

describe('the list of codes', () => {
  it('is closed: a switch can have a case for each, and the table agrees with it', () => {
    for (const code of ALL) {
      const { fault, recovery } = CODES[code];
      expect([code, whoActs(code)]).toEqual([code, whoActsAfter(fault, recovery)]);
    }
    expect(lacksOne('INTERNAL')).toBeUndefined();
  });
});

describe('an error with a chain of causes', () => {
  /** Without what differs from machine to machine: where a function stands, and the frames that are not of the tool. */
  const normalised = (stack: unknown): string[] =>
    String(stack)
      .split('\n')
      .filter((line) => !line.startsWith('    at ') || line.includes('FailingTools'))
      .map((line) => line.replace(/\(.*[/\\]([^/\\]+?)(?::\d+)+\)/, '($1)'));

  it('has one line in the log, with the whole chain, every stack, and the call it belongs to', async () => {
    const told = await server.call('fail_deep', { kind: 'defect' });
    const lines = linesOf(told.callId);
    expect(lines).toHaveLength(1);
    const [{ time, err, ...facts }] = lines as [Record<string, unknown>];
    const { stack, ...said } = err as Record<string, unknown>;
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(facts).toEqual({
      level: 'error',
      msg: 'call failed unexpectedly',
      call_id: told.callId,
      operation: 'fail_deep',
      subject: 'local',
    });
    expect(said).toEqual({
      type: 'TypeError',
      message: '/srv/app/ledger.ts has no balance: SELECT balance failed: connect ECONNREFUSED db.internal:5432',
    });
    expect(normalised(stack)).toEqual([
      'TypeError: /srv/app/ledger.ts has no balance',
      '    at FailingTools.failDeep (failing.toolset.ts)',
      'caused by: Error: SELECT balance failed',
      '    at FailingTools.failDeep (failing.toolset.ts)',
      'caused by: Error: connect ECONNREFUSED db.internal:5432',
      '    at FailingTools.failDeep (failing.toolset.ts)',
    ]);
  });

  it.each([
    ['defect', 'INTERNAL: The call failed inside the server. Hint: Tell the operator the call id.'],
    ['unreachable', 'CONNECTION_FAILED: A service this call needs could not be reached.'],
    ['classified', 'CONFLICT: The ledger was changed.'],
  ])('tells its caller neither stack nor path nor what an inner error said: %s', async (kind, text) => {
    const result = await resultOf('fail_deep', { kind });
    expect(result['content']).toEqual([{ type: 'text', text }]);
    const everything = JSON.stringify(result);
    for (const secret of [...SECRETS, import.meta.dirname, ROOT]) expect(everything).not.toContain(secret);
    expect(everything).not.toMatch(/\bat \w+.*:\d+|\.[tj]s\b|ECONNREFUSED|caused by|TypeError/);
  });

  it.each([
    ['unreachable', /fetch failed.*connect ECONNREFUSED db\.internal:5432/s],
    ['classified', /SELECT balance failed.*connect ECONNREFUSED db\.internal:5432/s],
  ])('is in the log under the call that failed, also where the caller was told a code: %s', async (kind, chain) => {
    const told = await server.call('fail_deep', { kind });
    expect(JSON.stringify(linesOf(told.callId))).toMatch(chain);
  });

  it('has no line in the log where there is nothing that its caller was not told', async () => {
    const told = await server.call('fail_as', { code: 'NOT_FOUND' });
    expect(linesOf(told.callId)).toEqual([]);
  });
});

describe('a defect inside of a call', () => {
  it('is answered INTERNAL, logged with its stack, counted, and the server stays as it was', async () => {
    const before = { ...(await server.probe.held()), timers: 0 };
    const told = await Promise.all(Array.from({ length: 20 }, () => server.call('fail_by_mistake', {})));
    expect(new Set(told.map(({ end }) => end))).toEqual(new Set(['INTERNAL']));
    expect(new Set(told.map(({ callId }) => callId)).size).toBe(20);
    for (const { callId, text } of told) {
      expect(text).not.toMatch(/undefined|text'/);
      const [line] = linesOf(callId);
      expect(line).toMatchObject({ level: 'error', msg: 'call failed unexpectedly', operation: 'fail_by_mistake' });
      expect((line!['err'] as { stack: string }).stack).toMatch(/Cannot read properties of undefined[^]*FailingTools/);
    }
    expect(await server.outcomes('fail_by_mistake', 'INTERNAL')).toBe(20);
    expect((await server.call('fail_as', { code: 'CONFLICT' })).end).toBe('CONFLICT');
    expect({ ...(await server.probe.held()), timers: 0 }).toEqual(before);
  });

  it('is one whatever was thrown', async () => {
    for (const thrown of [
      new Error('x'),
      new RangeError('x'),
      'a text',
      undefined,
      null,
      0,
      { code: 7 },
      Symbol('x'),
    ]) {
      const mend = server.probe.inject('fail_by_mistake', async () => {
        throw thrown;
      });
      const told = await server.call('fail_by_mistake', {});
      mend();
      expect([String(thrown), told.end]).toEqual([String(thrown), 'INTERNAL']);
      expect(linesOf(told.callId)).toHaveLength(1);
    }
  });
});
