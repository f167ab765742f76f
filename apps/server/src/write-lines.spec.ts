import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { writeLines } from './write-lines.js';

/** A reader that takes so many lines, and then fails like this. */
function reader(count: number, code: string) {
  const taken: string[] = [];
  const out = new Writable({
    highWaterMark: 1,
    decodeStrings: false,
    write: (chunk: string, _encoding, done) => {
      if (taken.length === count) return done(Object.assign(new Error(code), { code }));
      taken.push(chunk);
      setImmediate(done);
    },
  });
  return { taken, out };
}

describe('writeLines', () => {
  it('asks for a line only when the one before was taken', async () => {
    const { taken, out } = reader(Infinity, '');
    let made = 0;
    async function* lines(): AsyncGenerator<string> {
      for (; made < 50; made++) {
        expect(taken).toHaveLength(made);
        yield `${made}`;
      }
    }
    await writeLines(lines(), out);
    expect(taken.join('')).toBe(Array.from({ length: 50 }, (_, index) => `${index}\n`).join(''));
    expect(out.listenerCount('error')).toBe(0);
  });

  it('ends without a failure when the reader leaves, and lets the maker of the lines end too', async () => {
    const { taken, out } = reader(2, 'EPIPE');
    let isClosed = false;
    async function* lines(): AsyncGenerator<string> {
      try {
        for (;;) yield 'line';
      } finally {
        isClosed = true;
      }
    }
    await writeLines(lines(), out);
    expect([taken.length, isClosed]).toEqual([2, true]);
  });

  it('tells any other failure', async () => {
    await expect(writeLines(['a', 'b'], reader(1, 'ENOSPC').out)).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});
