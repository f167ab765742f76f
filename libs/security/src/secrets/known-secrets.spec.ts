import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KnownSecrets } from './known-secrets.js';

const SECRET = 'p@ss/w0rd+canary';
const percent = (text: string): string => Buffer.from(text).toString('hex').replace(/../g, '%$&');

describe('KnownSecrets', () => {
  const secrets = new KnownSecrets();
  secrets.add(SECRET);

  it.each([
    ['as it is', SECRET],
    ['in a URL', encodeURIComponent(SECRET)],
    ['in a URL, its escapes in lower case', encodeURIComponent(SECRET).toLowerCase()],
    ['in a URL, all of it escaped', percent(SECRET)],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
    ['in hex', Buffer.from(SECRET).toString('hex')],
    ['in hex of upper case', Buffer.from(SECRET).toString('hex').toUpperCase()],
    ['in JSON that escapes slashes', 'p@ss\\/w0rd+canary'],
  ])('finds a secret %s', (_form, text) => {
    expect(secrets.redactText(`before ${text} after`)).toBe('before [redacted] after');
  });

  it.each([
    ['"quoted" secret', (text: string) => JSON.stringify(text)],
    ['two\nlines of it', (text: string) => JSON.stringify({ text })],
    ['back\\slash "x"', (text: string) => JSON.stringify(JSON.stringify({ text }))],
    ['with some blanks', (text: string) => new URLSearchParams({ text }).toString()],
    ['schlüssel-größe', (text: string) => encodeURIComponent(text)],
    ['schlüssel-größe', (text: string) => Buffer.from(text).toString('hex')],
    ['half \ud800 a character', (text: string) => text],
    ['0123456789abcdef', (text: string) => text.toUpperCase()],
  ])('finds %j as %s writes it', (secret, write) => {
    const few = new KnownSecrets();
    few.add(secret);
    expect(few.redactText(write(secret))).toContain('[redacted]');
  });

  it('finds it inside longer base64, wherever it stands there', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 9 }),
        fc.uint8Array({ maxLength: 9 }),
        fc.boolean(),
        (head, tail, isUrl) => {
          const whole = Buffer.concat([head, Buffer.from(SECRET), tail]);
          const text = whole.toString(isUrl ? 'base64url' : 'base64');
          const clean = secrets.redactText(text);
          expect(clean).toContain('[redacted]');
          const left = Buffer.from(clean.replace('[redacted]', ' ').split(' ')[0]!, 'base64').toString('latin1');
          expect(left).not.toContain('p@');
        },
      ),
      { seed: 11, numRuns: 200 },
    );
  });

  it('finds the longest of what begins alike, and each of many', () => {
    const many = new KnownSecrets();
    for (let count = 0; count < 300; count++) many.add(`secret-number-${count}`);
    many.add('secret-number-1-and-more');
    expect(many.redactText('secret-number-1-and-more, secret-number-299secret-number-2')).toBe(
      '[redacted], [redacted][redacted]',
    );
    expect(many.find('a secret-number-7')).toEqual([{ start: 2, end: 17 }]);
  });

  it('finds it at any depth, in names too, and keeps the rest', () => {
    expect(secrets.redact({ a: [{ [SECRET]: `x${SECRET}`, n: 1, none: null }] })).toEqual({
      a: [{ '[redacted]': 'x[redacted]', n: 1, none: null }],
    });
  });

  it('gives back the very value when there is nothing in it', () => {
    const shared = { b: 'x' };
    const value = {
      a: [1, shared, shared, Number.NaN],
      when: new Date(0),
      bytes: Buffer.from('x'),
      url: new URL('http://x'),
    };
    expect(secrets.redact(value)).toBe(value);
    expect(secrets.redact(SECRET.slice(1))).toBe(SECRET.slice(1));
  });

  it('keeps the class of what it takes a secret out of', () => {
    class Row {
      constructor(readonly text: string) {}
    }
    const clean = secrets.redact(new Row(SECRET));
    expect([clean instanceof Row, clean.text]).toEqual([true, '[redacted]']);
  });

  it('overwrites it in bytes, also where they are read in parts', () => {
    const bytes = Buffer.alloc(1_100_000, 'x');
    bytes.write(SECRET, 1_048_570);
    const clean = secrets.redact({ bytes }).bytes;
    expect([clean.includes(SECRET), clean.length, clean.includes('*'.repeat(SECRET.length))]).toEqual([
      false,
      1_100_000,
      true,
    ]);
    expect(bytes.includes(SECRET)).toBe(true);
    const view = new Uint8Array(Buffer.from(`a ${SECRET}`));
    expect(Buffer.from(secrets.redact(view)).toString()).toBe(`a ${'*'.repeat(SECRET.length)}`);
    expect(secrets.redact(new DataView(view.buffer)).byteLength).toBe(view.length);
  });

  it('looks at what a client is shown of a value that says itself what that is', () => {
    const value = { toJSON: () => ({ text: SECRET }) };
    expect(JSON.stringify(secrets.redact({ value }))).toBe('{"value":{"text":"[redacted]"}}');
    expect(JSON.stringify(secrets.redact([new URL(`redis://:${encodeURIComponent(SECRET)}@x`)]))).toBe(
      '["redis://:[redacted]@x"]',
    );
  });

  it('never throws, whatever the value is', () => {
    const circular: Record<string, unknown> = { text: SECRET };
    circular['self'] = circular;
    expect(secrets.redact(circular)).toEqual({ text: '[redacted]', self: '[circular]' });
    const refuse = (): never => {
      throw new Error('no');
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(secrets.redact([new Proxy({}, { ownKeys: refuse }), proxy])).toEqual(['[unreadable]', '[unreadable]']);
    expect(secrets.redact(Object.defineProperty({ a: 1 }, 'b', { get: refuse, enumerable: true }))).toEqual({
      a: 1,
      b: '[unreadable]',
    });
    let deep: unknown = SECRET;
    for (let depth = 0; depth < 10_000; depth++) deep = { deep };
    const text = JSON.stringify(secrets.redact(deep));
    expect([text.includes('[too deep]'), text.includes(SECRET)]).toEqual([true, false]);
    let shared: object = { text: SECRET };
    for (let level = 0; level < 60; level++) shared = { a: shared, b: shared };
    expect(secrets.redact(shared)).not.toBe(shared);
    expect(secrets.redact({ big: 1n, symbol: Symbol('x') })).toMatchObject({ big: 1n });
  });

  it('does not take what is too short to be told from innocent text', () => {
    const few = new KnownSecrets();
    expect([few.add('short'), few.isEmpty]).toEqual([false, true]);
  });
});
