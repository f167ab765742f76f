import { createSecretKey } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { CipherError } from './cipher.error.js';
import { Cipher } from './cipher.js';

const keyOf = (kid: string, fill: number) => ({ kid, key: createSecretKey(Buffer.alloc(32, fill)) });
const OLD = keyOf('2024', 1);
const NEW = keyOf('2025', 2);
const failureOf = (open: () => unknown): string | undefined => {
  try {
    open();
    return undefined;
  } catch (error) {
    if (error instanceof CipherError) return error.failure;
    throw error;
  }
};

describe('Cipher', () => {
  const cipher = new Cipher([NEW, OLD]);

  it.each(['', 'x', 'päss – 字 🔑', 'a\nb\0c', 'x'.repeat(100_000)])('opens what it sealed', (text) => {
    const sealed = cipher.seal(text, 'AUTH_SECRET');
    expect(cipher.open(sealed, 'AUTH_SECRET')).toBe(text);
    expect(sealed).toMatch(/^enc:v1:2025:[\w-]{16}:[\w-]{22}:[\w-]*$/);
    expect(Cipher.isSealed(sealed)).toBe(true);
    if (text.length > 3) expect(sealed).not.toContain(text);
  });

  it('opens what an earlier release sealed: the format and the derivation stay', () => {
    const sealed = 'enc:v1:2024:AAECAwQFBgcICQoL:jriLcFuGE0O3u0czM7jltw:eHxopNXFxFadyJkHLglTOw';
    expect(cipher.open(sealed, 'AUTH_SECRET')).toBe('a secret of 2024');
  });

  it('seals the same text differently each time', () => {
    expect(new Set(Array.from({ length: 100 }, () => cipher.seal('x', 'A'))).size).toBe(100);
  });

  it('opens a value only in its place', () => {
    const sealed = cipher.seal('x', 'AUTH_SECRET');
    for (const place of ['AUTH_TOKEN', 'auth_secret', '', 'AUTH_SECRET ', 'AUTH_SECRE'])
      expect(failureOf(() => cipher.open(sealed, place))).toBe('refused');
  });

  it('seals with the newest key, opens with any, and says when it has not the one', () => {
    const old = new Cipher([OLD]);
    const sealed = old.seal('x', 'A');
    expect(cipher.open(sealed, 'A')).toBe('x');
    expect(failureOf(() => old.open(cipher.seal('x', 'A'), 'A'))).toBe('unknown key');
    expect(failureOf(() => new Cipher([keyOf('2024', 3)]).open(sealed, 'A'))).toBe('refused');
  });

  it('rotates to the newest key, and leaves what is there already', () => {
    const sealed = new Cipher([OLD]).seal('x', 'A');
    const rotated = cipher.rotate(sealed, 'A');
    expect([rotated.startsWith('enc:v1:2025:'), new Cipher([NEW]).open(rotated, 'A')]).toEqual([true, 'x']);
    expect(cipher.rotate(rotated, 'A')).toBe(rotated);
    expect(failureOf(() => cipher.rotate(rotated, 'B'))).toBe('refused');
  });

  it('has keys of its own for each purpose, and of a purpose for each of its purposes', () => {
    const [cache, idempotency] = [cipher.for('cache'), cipher.for('idempotency')];
    const sealed = cache.seal('x', 'A');
    expect(cipher.for('cache').open(sealed, 'A')).toBe('x');
    for (const other of [cipher, idempotency, cache.for('cache'), cipher.for('')])
      expect(failureOf(() => other.open(sealed, 'A'))).toBe('refused');
    expect(new Cipher([OLD]).for('cache').seal('x', 'A')).toMatch(/^enc:v1:2024:/);
    expect(cache.open(new Cipher([OLD]).for('cache').seal('x', 'A'), 'A')).toBe('x');
  });

  it('needs a key, and one of each name', () => {
    expect(() => new Cipher([])).toThrow(RangeError);
    expect(() => new Cipher([OLD, keyOf('2024', 5)])).toThrow(RangeError);
  });

  it('refuses what would come back as another text', () => {
    expect(() => cipher.seal('\ud800', 'A')).toThrow(TypeError);
    expect(() => cipher.seal('x', '\ud800')).toThrow(TypeError);
  });

  it.each([
    '',
    'x',
    'enc:v1:',
    'enc:v1:2025',
    'enc:v2:2025:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA:',
    'ENC:v1:2025:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA:',
    'enc:v1::AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA:',
    'enc:v1:2025:AAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA:',
    'enc:v1:2025:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAA:',
    'enc:v1:2025:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA:====',
    'enc:v1:2025:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA:A',
    'enc:v1:2025:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA:AA:AA',
    'enc:v1:2025:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA:\n',
    ' enc:v1:2025:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA:',
  ])('finds %j malformed', (text) => {
    expect(failureOf(() => cipher.open(text, 'A'))).toBe('malformed');
  });

  it(
    injected('tampered secret', 'Cipher', 'refuses a value of which any bit was changed, and one that was cut'),
    () => {
      const sealed = cipher.seal('a secret of some length', 'AUTH_SECRET');
      const bytes = Buffer.from(sealed, 'latin1');
      let flips = 0;
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        expect([bit, failureOf(() => cipher.open(changed.toString('latin1'), 'AUTH_SECRET'))]).toEqual([
          bit,
          expect.any(String),
        ]);
        flips++;
      }
      expect(flips).toBe(sealed.length * 8);
      for (let end = 0; end < sealed.length; end++)
        expect(failureOf(() => cipher.open(sealed.slice(0, end), 'AUTH_SECRET'))).toBeDefined();
      for (const more of ['A', 'AA', 'AAA', 'AAAA'])
        expect(failureOf(() => cipher.open(sealed + more, 'AUTH_SECRET'))).toBeDefined();
    },
  );

  it('refuses a value of which any bit of the nonce, the tag or the ciphertext was changed', () => {
    const [head, kid, version, ...parts] = cipher.seal('a secret', 'A').split(':');
    for (const [index, part] of parts.entries()) {
      const bytes = Buffer.from(part, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const sealed = [head, kid, version, ...parts.with(index, changed.toString('base64url'))].join(':');
        expect([index, bit, failureOf(() => cipher.open(sealed, 'A'))]).toEqual([index, bit, 'refused']);
      }
    }
  });

  it('refuses a value under the name of another key, were it the same key', () => {
    const twins = new Cipher([keyOf('a', 7), keyOf('b', 7)]);
    const sealed = twins.seal('x', 'A');
    expect(failureOf(() => twins.open(sealed.replace(':a:', ':b:'), 'A'))).toBe('refused');
  });

  const count = process.env['PROOF'] === 'full' ? 1_000_000 : 20_000;
  it(`never uses a nonce twice in ${count} values`, () => {
    const nonces = new Set<bigint>();
    for (let index = 0; index < count; index++) {
      const nonce = Buffer.from(cipher.seal('x', 'A').slice(12, 28), 'base64url');
      nonces.add(nonce.readBigUInt64LE(0) | (BigInt(nonce.readUInt32LE(8)) << 64n));
    }
    expect(nonces.size).toBe(count);
  }, 120_000);

  it('takes its nonces from the source it is given, whole', () => {
    const asked: number[] = [];
    const scripted = new Cipher([NEW], (bytes) => {
      asked.push(bytes);
      return Buffer.alloc(bytes, 9);
    });
    expect(scripted.for('x').seal('x', 'A').split(':')[3]).toBe(Buffer.alloc(12, 9).toString('base64url'));
    expect(asked).toEqual([12]);
  });

  it('shows nothing of its keys to whoever prints it', () => {
    const canary = new Cipher([keyOf('canary', 9)]);
    for (const text of [String(canary), inspect(canary, { depth: 9, showHidden: true }), JSON.stringify({ canary })])
      expect(['[Cipher]', '{"canary":"[Cipher]"}']).toContain(text);
    expect(Object.keys(canary)).toEqual([]);
    expect(failureMessage(() => canary.open(cipher.seal('hunter2', 'A'), 'A'))).not.toContain('hunter2');
  });
});

const failureMessage = (act: () => unknown): string => {
  try {
    return String(act());
  } catch (error) {
    return inspect(error);
  }
};
