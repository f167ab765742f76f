import { describe, expect, it } from '@jest/globals';
import { AppLog } from './app-log.js';
import { createRootLogger } from './root-logger.js';

const lines: string[] = [];
const sink = { write: (line: string): void => void lines.push(line) };
const last = (): Record<string, unknown> => JSON.parse(lines.at(-1)!) as Record<string, unknown>;
const root = createRootLogger({ level: 'warn', format: 'json', stream: 'stdout' }, sink);

describe('the root logger', () => {
  it('writes one JSON object per line, with the facts of the call on each', () => {
    const log = new AppLog(root.logger).with({ call_id: 'c1' }).with({ tool: 'echo' });
    log.warn('slow', { ms: 7 });
    expect(last()).toMatchObject({ level: 'warn', msg: 'slow', call_id: 'c1', tool: 'echo', ms: 7 });
    expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(lines.at(-1)!.indexOf('\n')).toBe(lines.at(-1)!.length - 1);
  });

  it('writes an error with its stack and its causes', () => {
    new AppLog(root.logger).error('broke', { err: new Error('outer', { cause: new Error('inner') }) });
    expect(last()['err']).toMatchObject({
      message: expect.stringContaining('outer'),
      stack: expect.stringContaining('inner'),
    });
  });

  it('keeps quiet below its level, but not about the audit', () => {
    const before = lines.length;
    new AppLog(root.logger).info('chatter');
    expect(lines.length).toBe(before);
    root.record('"msg":"audit","operation":"echo"', true);
    expect(last()).toMatchObject({ level: 'info', msg: 'audit', operation: 'echo' });
  });

  it('never writes an Authorization header or a cookie', () => {
    const headers = { authorization: 'Bearer hunter2', cookie: 'a=hunter2' };
    new AppLog(root.logger).warn('request', { req: { headers }, headers, authorization: 'hunter2' });
    expect(lines.at(-1)).not.toContain('Bearer');
    expect(last()['req']).toMatchObject({ headers: { authorization: '[Redacted]', cookie: '[Redacted]' } });
  });

  it('prints one line for a person when asked to', () => {
    const pretty = createRootLogger({ level: 'info', format: 'pretty', stream: 'stdout' }, sink);
    pretty.logger.info({ port: 3000 }, 'listening');
    expect(lines.at(-1)).toMatch(/^[\d:.]+ INFO {2}listening {"port":3000}\n$/);
  });
});

describe('redaction of the log', () => {
  const secretText = 'postgres://app:hunter2@db1/shop';
  const written: string[] = [];
  const { logger, record, redactBy } = createRootLogger(
    { level: 'debug', format: 'json', stream: 'stdout' },
    { write: (text) => void written.push(text) },
  );
  redactBy((text) => text.replaceAll('known-"secret', '[redacted]').replaceAll('known-\\"secret', '[redacted]'));
  const line = (): Record<string, unknown> => JSON.parse(written.at(-1)!) as Record<string, unknown>;

  it.each([
    ['a message', () => logger.warn(`cannot reach ${secretText}`)],
    ['a message with values', () => logger.warn('cannot reach %s', secretText)],
    ['a fact', () => logger.warn({ at: [{ url: secretText }] }, 'x')],
    ['a fact by its name', () => logger.warn({ db: { dbPassword: 'hunter2' } }, 'x')],
    ['an error', () => logger.error(new Error(secretText))],
    ['the cause of an error', () => logger.error({ err: new Error('x', { cause: new Error(secretText) }) }, 'x')],
    ['a fact of an error', () => logger.error({ err: Object.assign(new Error('x'), { dsn: 'hunter2' }) }, 'x')],
    ['an error under another name', () => logger.warn({ reason: new Error(secretText) }, 'x')],
    ['what a child is bound to', () => logger.child({ url: secretText, apiKey: 'hunter2' }).warn('x')],
    ['a fact of a child', () => logger.child({ a: 1 }).warn({ password: 'hunter2' }, 'x')],
    ['lines of debugging', () => logger.debug({ url: secretText }, 'x')],
    ['a record', () => record(`"msg":"audit","reason":${JSON.stringify(secretText)}`, true)],
    ['the name of a fact', () => logger.warn({ [secretText]: 1 }, 'x')],
  ])('takes a secret out of %s', (_what, write) => {
    const before = written.length;
    write();
    expect(written.length).toBe(before + 1);
    expect(written.at(-1)).not.toContain('hunter2');
    expect(written.at(-1)).toContain('[redacted:');
    expect(line()['level']).toBeDefined();
  });

  it('takes known secrets out, also where JSON escapes them', () => {
    logger.warn({ fact: 'a known-"secret b' }, 'and known-"secret');
    expect(line()).toMatchObject({ fact: 'a [redacted] b', msg: 'and [redacted]' });
    record(`"msg":"audit","reason":${JSON.stringify('known-"secret')}`, true);
    expect(line()).toMatchObject({ msg: 'audit', reason: '[redacted]' });
  });

  it('says who did it, and nothing else of a person', () => {
    logger.warn({ subject: 'bob@example.com', other: 'bob@example.com' }, 'x');
    expect(line()).toMatchObject({ subject: 'bob@example.com', other: '[redacted:email]' });
    record('"msg":"audit","subject":"bob@example.com","tenant":"acme"', true);
    expect(line()).toMatchObject({ subject: 'bob@example.com', tenant: 'acme' });
  });

  it('leaves the other records of a turn as they are', () => {
    record('"msg":"audit","callId":"a"', false);
    record(`"msg":"audit","callId":"b","notes":["${secretText}"]`, false);
    record('"msg":"audit","callId":"c"', true);
    const lines = written.at(-1)!.trimEnd().split('\n');
    expect(lines.map((each) => (JSON.parse(each) as Record<string, unknown>)['callId'])).toEqual(['a', 'b', 'c']);
    expect(lines[1]).toContain('[redacted:url_password]');
  });

  it('shows no control, and says the same', () => {
    logger.warn({ name: 'a\u202eb\u009b2J' }, 'one\ntwo\u001b[2J');
    expect(written.at(-1)).toMatch(/^[\x20-\x7e]+\n$/);
    expect(line()).toMatchObject({ name: 'a\u202eb\u009b2J', msg: 'one\ntwo\u001b[2J' });
    const pretty = createRootLogger(
      { level: 'info', format: 'pretty', stream: 'stdout' },
      { write: (text) => void written.push(text) },
    );
    pretty.logger.warn({ name: '\u009b2J' }, 'one\r\ntwo\u001b[2J');
    expect(written.at(-1)).toMatch(/ WARN {2}one\\u\{d\}\\u\{a\}two\\u\{1b\}\[2J \{"name":"\\u\{9b\}2J"\}\n$/);
  });

  it('never throws, and writes a line of bounded length, whatever it is given', () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error('no');
        },
      },
    );
    const circular: Record<string, unknown> = { big: 1n, symbol: Symbol('x') };
    circular['self'] = circular;
    let deep: unknown = {};
    for (let depth = 0; depth < 10_000; depth++) deep = { deep };
    const facts = [
      hostile,
      circular,
      { deep },
      { text: 'token='.repeat(100_000) },
      { bytes: Buffer.alloc(1_000_000) },
      Object.create(null),
      null,
      undefined,
    ];
    const log = new AppLog(logger).with({ call_id: 'c' });
    for (const each of facts) {
      logger.warn(each, 'x');
      log.warn('x', each as Record<string, unknown>);
      expect(line()).toMatchObject({ call_id: 'c', msg: 'x' });
      expect(written.at(-1)!.length).toBeLessThan(50_000);
    }
  });
});
