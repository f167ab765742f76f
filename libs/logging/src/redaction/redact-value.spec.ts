import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { classOfName } from './data-names.js';
import { redactValue } from './redact-value.js';

const HIDDEN = '[redacted:name]';

describe('names of secrets', () => {
  it.each(
    'password dbPassword DB_PASSWORD db-password X-Api-Key apiKey APIKey api_key clientSecret client_secret authorization Proxy-Authorization cookie set-cookie accessToken refresh_token id_token private_key awsSecretAccessKey signingKey credentials passphrase jwt cvv connectionString rawHeaders'.split(
      ' ',
    ),
  )('%s is one', (name) => {
    expect(classOfName(name)).toBe('secret');
  });

  it.each(['email', 'userEmail', 'phone_number', 'iban', 'cardNumber', 'ssn', 'date_of_birth'])(
    '%s is personal',
    (name) => {
      expect(classOfName(name)).toBe('pii');
    },
  );

  it.each(
    'nextToken next_page_token maxTokens token_type tokenizer passwordPolicy hasPasswordRule primary_key key cacheKey idempotency_key publicKey secretName passed bypass address name subject monkey'.split(
      ' ',
    ),
  )('%s is none', (name) => {
    expect(classOfName(name)).toBeUndefined();
  });
});

describe('redactValue', () => {
  it('hides what stands under such a name at any depth, whatever it is', () => {
    const value = { a: [{ db: { password: 'x', token: 7, secret: { in: 'x' }, cookies: ['a'], apiKey: false } }] };
    expect(redactValue(value)).toEqual({
      a: [{ db: { password: HIDDEN, token: HIDDEN, secret: HIDDEN, cookies: HIDDEN, apiKey: HIDDEN } }],
    });
    expect(redactValue({ password: null, tokens: 1532, email: 'x' }, { classes: ['secret'] })).toEqual({
      password: null,
      tokens: 1532,
      email: 'x',
    });
  });

  it('looks into every text and every name', () => {
    expect(redactValue({ 'mail to bob@example.com please': ['at bob@example.com'] })).toEqual({
      'mail to [redacted:email] please': ['at [redacted:email]'],
    });
  });

  it('tells what JSON cannot hold in words', () => {
    const value: Record<string, unknown> = {
      big: 10n,
      symbol: Symbol('x'),
      run: () => 1,
      bytes: Buffer.alloc(50_000_000),
    };
    value['self'] = value;
    value['map'] = new Map<unknown, unknown>([
      ['password', 'x'],
      [{}, 1],
    ]);
    value['set'] = new Set(['bob@example.com']);
    value['when'] = [new Date(0), new Date(Number.NaN)];
    value['url'] = new URL('redis://:hunter2@cache/0');
    expect(redactValue(value)).toEqual({
      big: '10',
      symbol: 'Symbol(x)',
      run: '[function]',
      bytes: '[50000000 bytes]',
      self: '[circular]',
      map: { password: HIDDEN, '[object]': 1 },
      set: ['[redacted:email]'],
      when: ['1970-01-01T00:00:00.000Z', null],
      url: 'redis://:[redacted:url_password]@cache/0',
    });
  });

  it('asks a getter once, and lives with one that throws', () => {
    let asked = 0;
    const value = {
      get counted(): number {
        return ++asked;
      },
      get broken(): never {
        throw new Error('no');
      },
    };
    expect(redactValue(value)).toEqual({ counted: 1, broken: '[unreadable]' });
    expect(asked).toBe(1);
  });

  it('lives with proxies that refuse everything', () => {
    const refuse = (): never => {
      throw new Error('no');
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const hostile = new Proxy({}, { get: refuse, ownKeys: refuse, getPrototypeOf: refuse });
    expect(redactValue([hostile, proxy, { hostile }])).toEqual([
      '[unreadable]',
      '[unreadable]',
      { hostile: '[unreadable]' },
    ]);
    const endless: object = new Proxy(
      {},
      {
        get: () => endless,
        ownKeys: () => ['a', 'b'],
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
      },
    );
    expect(() => JSON.stringify(redactValue(endless))).not.toThrow();
  });

  it('does bounded work', () => {
    let deep: unknown = 'end';
    for (let depth = 0; depth < 10_000; depth++) deep = { deep };
    expect(JSON.stringify(redactValue(deep))).toMatch(/^(?:\{"deep":){64}"\[too deep\]"\}+$/);
    const many = redactValue(Array.from({ length: 20_000 }, () => ({}))) as unknown[];
    expect([many.length, many.at(-1)]).toEqual([10_000, '[10001 more]']);
    const wide = redactValue(Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`n${at}`, 1])));
    expect(Object.keys(wide as object)).toHaveLength(10_000);
    let shared: object = {};
    for (let level = 0; level < 40; level++) shared = { a: shared, b: shared };
    expect(JSON.stringify(redactValue(shared)).length).toBeLessThan(1_000_000);
  });

  it('cuts long texts behind what it took out of them', () => {
    const text = `${'x '.repeat(48)}password=hunter2hunter2`;
    expect(redactValue(text, { maxTextChars: 110 })).toBe(`${'x '.repeat(48)}password=[reda… [9 more characters]`);
  });

  it('tells an error with its causes and its facts', () => {
    const cause = Object.assign(new Error('bob@example.com is taken'), { code: '23505', password: 'x' });
    const error = Object.assign(new TypeError('password=hunter2', { cause }), {
      detail: 'Key (a)=(b) already exists.',
    });
    const told = redactValue({ err: error }) as { err: Record<string, string> };
    expect(told.err).toMatchObject({
      type: 'TypeError',
      message: 'password=[redacted:password]: [redacted:email] is taken',
      detail: 'Key (a)=([redacted:row_values]) already exists.',
    });
    expect(told.err['stack']).toMatch(/\ncaused by: Error: \[redacted:email\] is taken\n/);
    expect(JSON.stringify(told)).not.toMatch(/hunter2|bob@/);
    const circular = new Error('a');
    circular.cause = circular;
    expect(redactValue(circular)).toMatchObject({ message: 'a' });
  });

  it('tells a request without its headers and its query', () => {
    const request = new IncomingMessage(new Socket());
    Object.assign(request, { method: 'GET', url: '/x?token=abcdef123456', headers: { authorization: 'Bearer x' } });
    expect(redactValue({ request })).toEqual({
      request: { method: 'GET', url: '/x?token=[redacted:token]', remoteAddress: undefined, statusCode: undefined },
    });
  });

  it('leaves personal data where it is said to belong, and secrets nowhere', () => {
    const options = { personalNames: new Set(['subject']) };
    expect(redactValue({ subject: 'bob@example.com', other: 'bob@example.com' }, options)).toEqual({
      subject: 'bob@example.com',
      other: '[redacted:email]',
    });
    expect(redactValue({ subject: 'password=hunter2' }, options)).toEqual({ subject: 'password=[redacted:password]' });
  });

  it('takes names of the language for names', () => {
    const value = JSON.parse('{"__proto__":{"password":"x"},"constructor":1}') as object;
    expect(JSON.stringify(redactValue(value))).toBe(`{"__proto__":{"password":"${HIDDEN}"},"constructor":1}`);
  });
});
