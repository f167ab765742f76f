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
