import { describe, expect, it } from '@jest/globals';
import { Limits } from '@app/config';
import { LineGuard } from './line-guard.js';

function guarded(chunks: readonly (string | Buffer)[], limits = new Limits({ stdioLineBytes: 100 })) {
  const refused: number[] = [];
  const guard = new LineGuard(limits, (code) => refused.push(code));
  for (const chunk of chunks) guard.write(chunk);
  const passed: string[] = [];
  for (let chunk = guard.read() as Buffer | null; chunk !== null; chunk = guard.read() as Buffer | null)
    passed.push(chunk.toString());
  return { refused, passed: passed.join('') };
}

describe('LineGuard', () => {
  it('passes messages on, however they are cut into chunks', () => {
    expect(guarded(['{"a":1}\n{"b"', ':2}', '\r\n\n', '{"c":3}\n{"open'])).toEqual({
      refused: [],
      passed: '{"a":1}\n{"b":2}\n{"c":3}\n',
    });
  });

  it.each<[string, string | Buffer, number]>([
    ['no JSON', 'hello', -32700],
    ['two messages in one line', '{"a":1}{"b":2}', -32700],
    ['a byte order mark', '\ufeff{}', -32700],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), -32700],
    ['a batch', '[{"a":1}]', -32600],
    ['a number', '7', -32600],
    ['a member named twice', '{"a":1,"a":2}', -32600],
    ['a member named __proto__', '{"a":{"__proto__":1}}', -32600],
  ])('answers %s and goes on', (_name, line, code) => {
    expect(guarded([line, '\n{"next":1}\n'])).toEqual({ refused: [code], passed: '{"next":1}\n' });
  });

  it('takes a line of exactly the allowed length, and answers a longer one once', () => {
    const message = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`;
    expect(guarded([message(100), '\n']).passed).toHaveLength(101);
    expect(guarded([message(101), '\n{"next":1}\n'])).toEqual({ refused: [-32600], passed: '{"next":1}\n' });
    expect(guarded([...Array.from({ length: 50 }, () => 'x'.repeat(50)), '\n{"next":1}\n'])).toEqual({
      refused: [-32600],
      passed: '{"next":1}\n',
    });
  });
});
