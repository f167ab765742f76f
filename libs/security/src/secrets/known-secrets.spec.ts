import { describe, expect, it } from '@jest/globals';
import { KnownSecrets } from './known-secrets.js';

const SECRET = 'p@ss/w0rd+canary';

describe('KnownSecrets', () => {
  const secrets = new KnownSecrets();
  secrets.add(SECRET);

  it.each([
    ['as it is', SECRET],
    ['in a URL', encodeURIComponent(SECRET)],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
    ['in hex', Buffer.from(SECRET).toString('hex')],
  ])('finds a secret %s', (_form, text) => {
    expect(secrets.redactText(`before ${text} after`)).toBe('before [redacted] after');
  });

  it('finds it at any depth, in names too, and keeps the rest', () => {
    expect(secrets.redact({ a: [{ [SECRET]: `x${SECRET}`, n: 1, none: null }] })).toEqual({
      a: [{ '[redacted]': 'x[redacted]', n: 1, none: null }],
    });
  });

  it('gives back the very value when there is nothing in it', () => {
    const value = { a: [1, { b: 'x' }] };
    expect(secrets.redact(value)).toBe(value);
  });

  it('does not take what is too short to be told from innocent text', () => {
    const few = new KnownSecrets();
    expect([few.add('short'), few.isEmpty]).toEqual([false, true]);
  });
});
