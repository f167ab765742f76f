import { pipeline } from 'node:stream/promises';
import { Readable, Writable } from 'node:stream';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChunkRedactor } from './chunk-redactor.js';
import { readCorpus } from './fixtures/corpus.js';
import { redactText } from './redact-text.js';
import { RedactingStream } from './redacting-stream.js';

const TOKEN = `ghp${'_'}${'a1B2c3D4e5'.repeat(4).slice(0, 36)}`;
const BEGIN = '-----BEGIN PRIVATE KEY-----';
const KEY = `${BEGIN}\n${`${'MIIEvQIBADANBgkqhkiG9w0BAQEF'.repeat(2)}\n`.repeat(20)}-----END PRIVATE KEY-----`;
const all = (chunks: readonly string[], redactor = new ChunkRedactor()): string =>
  chunks.map((chunk) => redactor.push(chunk)).join('') + redactor.flush();

describe('ChunkRedactor', () => {
  let text = '';
  beforeAll(async () => {
    text = `${(await readCorpus()).map((line) => line.text).join('\n')}\n${KEY}\nafter`;
  });

  it('finds a secret wherever it is cut in two', () => {
    for (let cut = 1; cut < TOKEN.length; cut++)
      expect(all([`a ${TOKEN.slice(0, cut)}`, `${TOKEN.slice(cut)} b`])).toBe('a [redacted:github_token] b');
  });

  it('says the same however a text is cut', () => {
    const whole = redactText(text);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length), { maxLength: 40 }), (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        expect(all(places.slice(1).map((end, at) => text.slice(places[at], end)))).toBe(whole);
      }),
      { seed: 20_260_731, numRuns: 60 },
    );
  });

  it('gives whole lines, and the rest when it is asked for', () => {
    const redactor = new ChunkRedactor();
    expect([redactor.push('one\ntwo\nthr'), redactor.heldChars]).toEqual(['one\ntwo\n', 3]);
    expect([redactor.push('ee'), redactor.flush(), redactor.heldChars]).toEqual(['', 'three', 0]);
  });

  it('waits for the last line of a private key', () => {
    const redactor = new ChunkRedactor();
    expect(redactor.push(`x\n${KEY.slice(0, 40)}`)).toBe('x\n');
    expect(redactor.push(KEY.slice(40))).toBe('');
    expect(redactor.push('\ny\n')).toBe('[redacted:private_key]\ny\n');
  });

  it('holds back no more than it may, and cuts no secret in two', () => {
    const redactor = new ChunkRedactor({ maxHeldChars: 100 });
    const line = `${'x '.repeat(30)}${TOKEN} `.repeat(20);
    let out = '';
    for (let at = 0; at < line.length; at += 7) {
      out += redactor.push(line.slice(at, at + 7));
      expect(redactor.heldChars).toBeLessThanOrEqual(100);
    }
    expect(out + redactor.flush()).toBe(redactText(line));
  });

  it('leaves out the rest of a secret that is longer than what it may hold back', () => {
    const chunksOf = (long: string): string[] => long.match(/[^]{1,50}/g)!;
    const held = (): ChunkRedactor => new ChunkRedactor({ maxHeldChars: 200 });
    const body = `${'MIIEvQIBADANBgkqhkiG9w0BAQEF'.repeat(2)}\n`.repeat(40);
    expect(all(chunksOf(`a\n${BEGIN}\n${body}-----END PRIVATE KEY-----\nb\n`), held())).toBe(
      'a\n[redacted:private_key]\nb\n',
    );
    const token = `ya${'29'}.${'A1b2'.repeat(200)}`;
    expect(all(chunksOf(`a ${token} b`), held())).toBe('a [redacted:google_key] b');
  });

  it('finds values it is told of, across lines too', () => {
    const secret = 'first line\nsecond line';
    const alsoFind = (held: string): { start: number; end: number }[] => {
      const start = held.indexOf(secret);
      return start < 0 ? [] : [{ start, end: start + secret.length }];
    };
    const redactor = (): ChunkRedactor => new ChunkRedactor({ alsoFind, acrossLinesChars: secret.length });
    for (let cut = 1; cut < secret.length; cut++)
      expect(all([`a ${secret.slice(0, cut)}`, `${secret.slice(cut)} b`], redactor())).toBe('a [redacted] b');
  });
});

describe('RedactingStream', () => {
  it('redacts bytes, also where a letter is cut in two', async () => {
    const bytes = Buffer.from(`größe ${TOKEN} jürgen@müller.example\nend`);
    const out: string[] = [];
    const sink = new Writable({ write: (chunk, _encoding, done) => (out.push(String(chunk)), done()) });
    await pipeline(Readable.from(Array.from(bytes, (byte) => Buffer.from([byte]))), new RedactingStream(), sink);
    expect(out.join('')).toBe('größe [redacted:github_token] [redacted:email]\nend');
  });
});
