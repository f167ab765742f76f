import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CODES, type ErrorCode, RichResult, ServerError, text } from '@app/mcp';
import { checkEntry } from '@app/storage';
import { type KeyedRecord, readRecord, recordOfFailure, recordOfSuccess, replay } from './keyed-record.js';

type Closed = Exclude<KeyedRecord, { state: 'running' }>;
const DIGEST = 'd'.repeat(64);
/** As the store has it: as text, and read again. */
const kept = (record: KeyedRecord): Closed => readRecord(JSON.stringify(record)) as Closed;
const again = (result: unknown): unknown => replay(kept(recordOfSuccess(DIGEST, result)));

function failedAgain(thrown: unknown): ServerError {
  try {
    replay(kept(recordOfFailure(DIGEST, thrown)));
  } catch (error) {
    return error as ServerError;
  }
  throw new Error('a failure was answered like a success');
}

describe('the record of a success', () => {
  it('gives every plain result back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // As JSON has it: there is only one zero.
        const sent = JSON.parse(JSON.stringify(value)) as unknown;
        expect(again(sent)).toEqual(sent);
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  it.each<[string, unknown]>([
    ['an object', { done: 'a', list: [1, { b: null }] }],
    ['a text', 'done'],
    ['an empty text', ''],
    ['false', false],
    ['null', null],
    ['nothing', undefined],
    ['an object that looks like a rich one', { content: [{ type: 'text', text: 'x' }], structured: { a: 1 } }],
  ])('gives back %s, which is no rich result', (_what, value) => {
    expect(again(value)).toEqual(value);
    expect(again(value)).not.toBeInstanceOf(RichResult);
  });

  it.each<[string, RichResult]>([
    ['with structured content', new RichResult([text('said'), image()], { done: true })],
    ['with blocks alone', new RichResult([text('said')])],
    ['with nothing', new RichResult([])],
  ])('gives back a rich result %s as one', (_what, rich) => {
    const answer = again(rich) as RichResult;
    expect(answer).toBeInstanceOf(RichResult);
    expect([answer.content, answer.structured]).toEqual([rich.content, rich.structured]);
  });

  it('keeps the digest, so that other arguments can be told', () => {
    expect(kept(recordOfSuccess(DIGEST, 'x')).digest).toBe(DIGEST);
    expect(kept(recordOfFailure(DIGEST, new Error('x'))).digest).toBe(DIGEST);
  });
});

describe('the record of a success that is too large to keep', () => {
  const MAX_CHARS = 262_144;
  const ofLength = (chars: number): string => 'x'.repeat(chars - '""'.length);

  it('begins one character beyond the bound, measured as JSON', () => {
    expect(recordOfSuccess(DIGEST, ofLength(MAX_CHARS)).state).toBe('succeeded');
    expect(recordOfSuccess(DIGEST, ofLength(MAX_CHARS + 1)).state).toBe('too large');
    expect(recordOfSuccess(DIGEST, '\u0000'.repeat(Math.ceil(MAX_CHARS / 6))).state).toBe('too large');
    expect(recordOfSuccess(DIGEST, new RichResult([text('x'.repeat(MAX_CHARS))])).state).toBe('too large');
  });

  it.each(['x', 'ü', '\u0001', '"', '\\', '\n', '€'])(
    'leaves none that is kept too large for the store, which could not close it then: %j',
    (unit) => {
      const longest = Math.floor(MAX_CHARS / unit.length);
      for (const length of [longest - 100, longest / 2 - 100, longest / 6 - 100]) {
        const result = { list: [unit.repeat(length)] };
        const record = JSON.stringify(recordOfSuccess(DIGEST, result));
        expect(() => checkEntry('key', record, 1_000)).not.toThrow();
      }
    },
  );

  it('says that the call was made, and holds nothing of the answer', () => {
    const record = kept(recordOfSuccess(DIGEST, { secret: 'x'.repeat(MAX_CHARS) }));
    expect(record).toEqual({ digest: DIGEST, state: 'too large' });
    const told = thrownBy(() => replay(record));
    expect(told).toMatchObject({ code: 'LIMIT', retryable: false });
    expect(told.message).toContain('was made and succeeded');
    expect(told.hint).toContain('no repetition');
  });
});

describe('the record of a failure', () => {
  it.each(Object.keys(CODES) as ErrorCode[])('is the same failure again, and not to be asked for again: %s', (code) => {
    const told = failedAgain(new ServerError(code, 'What went wrong.', { retryable: false, hint: 'What to do.' }));
    expect(told).toBeInstanceOf(ServerError);
    expect(told).toMatchObject({ code, message: 'What went wrong.', hint: 'What to do.', retryable: false });
  });

  it('tells who could have tried again to look first, and to use another key', () => {
    const told = failedAgain(
      new ServerError('CONNECTION_FAILED', 'Gone.', { retryAfterMs: 1_500, hint: 'Try again.' }),
    );
    expect(told).toMatchObject({ retryable: false, hint: expect.stringContaining('another key') });
    expect(told.retryAfterMs).toBeUndefined();
  });

  it('says no more than the first answer did: neither cause nor the text of a defect is kept', () => {
    const secret = 'password=hunter2';
    const thrown = [
      new ServerError('CONFLICT', 'It was changed.', { cause: new Error(secret) }),
      new TypeError(secret),
      secret,
    ];
    for (const each of thrown) {
      expect(JSON.stringify(recordOfFailure(DIGEST, each))).not.toContain('hunter2');
      expect(failedAgain(each).cause).toBeUndefined();
    }
    expect(failedAgain(new TypeError(secret))).toMatchObject({ code: 'INTERNAL', retryable: false });
  });

  it('has no facts that were not there', () => {
    const told = failedAgain(new ServerError('NOT_FOUND', 'None.'));
    expect(factsOf(told)).toEqual({ code: 'NOT_FOUND', message: 'None.', retryable: false });
  });
});

function image() {
  return { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' } as const;
}
const factsOf = ({ code, message, retryable, retryAfterMs, hint }: ServerError) =>
  JSON.parse(JSON.stringify({ code, message, retryable, retryAfterMs, hint })) as Record<string, unknown>;

function thrownBy(act: () => unknown): ServerError {
  try {
    act();
  } catch (error) {
    return error as ServerError;
  }
  throw new Error('nothing was thrown');
}
