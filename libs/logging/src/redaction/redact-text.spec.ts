import { describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { findSecrets, findSensitive, redactText } from './redact-text.js';

/** Taken apart, so that no scanner of repositories takes it for a leak. */
const GITHUB = `ghp${'_'}${'a1B2c3D4e5'.repeat(4).slice(0, 36)}`;

describe('redactText', () => {
  it(injected('secret leak', 'redactText', 'names what it took out and keeps the rest'), () => {
    expect(redactText(`GET /?at=${GITHUB}&page=2 by alice@example.com`)).toBe(
      'GET /?at=[redacted:github_token]&page=2 by [redacted:email]',
    );
  });

  it('takes out the classes it is asked for', () => {
    const text = `${GITHUB} alice@example.com`;
    expect(redactText(text, { classes: ['pii'] })).toBe(`${GITHUB} [redacted:email]`);
    expect(redactText(text, { classes: ['secret'] })).toBe('[redacted:github_token] alice@example.com');
    expect(redactText(text, { classes: [] })).toBe(text);
  });

  it('gives back the very text when there is nothing in it', () => {
    expect(redactText('')).toBe('');
    expect(redactText('tokens: 15, password: string')).toBe('tokens: 15, password: string');
  });

  it.each([
    ['a password with a quote in it', '{"password":"a\\"b c"}', '{"password":"[redacted:password]"}'],
    ['a URL without a port behind its colon', 'https://u:hunter2@host:/x', 'https://u:[redacted:url_password]@host:/x'],
    ['a password with an @ in it', 'redis://:p@ss@cache/0', 'redis://:[redacted:url_password]@cache/0'],
    [
      'our own keys, whose id stays',
      `mse_${'k_1-'.repeat(4)}_${`x_9-`.repeat(11).slice(1)}`,
      `mse_${'k_1-'.repeat(4)}_[redacted:server_key]`,
    ],
    ['a key whose end is cut off', `-----BEGIN PRIVATE KEY-----\n${'MIIE'.repeat(30)}`, '[redacted:private_key]'],
    ['behind an escape of a terminal', `\u001b[1m${GITHUB}\u001b[0m`, '\u001b[1m[redacted:github_token]\u001b[0m'],
    ['in a value of a URL', `%3Fat%3D${GITHUB}%26x`, '%3Fat%3D[redacted:github_token]%26x'],
    ['what two detectors know once', `password=${GITHUB}`, 'password=[redacted:password]'],
    ['the end of a sentence', 'it said password=hunter2.', 'it said password=[redacted:password].'],
  ])('finds %s', (_what, text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });

  it('counts by class', () => {
    expect(findSecrets(`${GITHUB}, ${GITHUB}, bob@example.com`)).toEqual({ secret: 2, pii: 1 });
    expect(findSecrets('nothing')).toEqual({ secret: 0, pii: 0 });
  });

  it('does not throw and does not hang on long texts that nearly match', () => {
    for (const unit of [
      'ghp_',
      'eyJa.',
      'password="',
      "password='",
      'a@',
      '://a:',
      '+1 ',
      '4111 ',
      'DE12',
      '\\',
      '@',
      '-----BEGIN ',
      '\ud800',
      '%40',
    ])
      expect(findSensitive(unit.repeat(200_000 / unit.length)).length).toBeLessThan(200_000);
  });
});
