import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { kidOf, parseConfigKey } from './config-key.js';

const BYTES = createHash('sha256').update('a key').digest();
const KEY = BYTES.toString('base64');

describe('parseConfigKey', () => {
  it.each([`k:${KEY}`, `k:${KEY.replace(/=+$/, '')}`])('reads %s', (text) => {
    const { kid, key } = parseConfigKey(text)!;
    expect([kid, key.export()]).toEqual(['k', BYTES]);
  });

  it.each([`2025-01.a_b:${KEY}`, `${'k'.repeat(64)}:${KEY}`])('takes the name in %s', (text) => {
    expect(parseConfigKey(text)).toBeDefined();
  });

  it.each([
    ['nothing', ''],
    ['no name', KEY],
    ['an empty name', `:${KEY}`],
    ['no key', 'k:'],
    ['a name with a space', `a b:${KEY}`],
    ['a name with a colon', `a:b:${KEY}`],
    ['a name that is too long', `${'k'.repeat(65)}:${KEY}`],
    ['the name of the key the server makes', `data-key:${KEY}`],
    ['a key that is too short', `k:${BYTES.subarray(1).toString('base64')}`],
    ['a key that is too long', `k:${Buffer.concat([BYTES, BYTES.subarray(0, 1)]).toString('base64')}`],
    ['a key in hexadecimal', `k:${BYTES.toString('hex')}`],
    ['a key with a line break', `k:${KEY.slice(0, 20)}\n${KEY.slice(20)}`],
    ['a key with a character that is no base64', `k:${KEY.slice(0, 20)}!${KEY.slice(20)}`],
    ['a placeholder', `k:${Buffer.alloc(32).toString('base64')}`],
    ['another placeholder', `k:${Buffer.from('changeme'.repeat(4)).toString('base64')}`],
  ])('refuses %s', (_what, text) => {
    expect(parseConfigKey(text)).toBeUndefined();
  });

  it('shows nothing of the key to whoever prints it', () => {
    const key = parseConfigKey(`k:${KEY}`)!;
    for (const text of [inspect(key, { depth: 9, showHidden: true }), JSON.stringify(key), String(key.key)])
      for (const form of [KEY, BYTES.toString('hex').slice(0, 8), String(BYTES[0])]) expect(text).not.toContain(form);
  });

  it('has a name that can be told without reading the key', () => {
    expect([kidOf(`k:${KEY}`), kidOf(5)]).toEqual(['k', 5]);
  });
});
