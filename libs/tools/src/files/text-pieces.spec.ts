import * as fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { utf8Boundary } from './text-encoding.js';
import { LineCount } from './text-lines.js';
import { LineRange } from './text-range.js';
import { LineTail } from './text-tail.js';

const chunksOf = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );

/** Lines with their endings, as an independent reading of what a line is. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

function range(text: string, first: number, last: number, maxBytes: number, chunkSize: number) {
  const window = new LineRange(first, maxBytes);
  const count = new LineCount();
  for (const chunk of chunksOf(Buffer.from(text), chunkSize)) {
    const edges: { start?: number; end?: number } = {};
    count.push(chunk, (position, line) => {
      if (line === first) edges.start = position;
      if (line === last + 1) edges.end = position;
    });
    window.push(chunk, edges);
  }
  return window.finish(true);
}

function tail(text: string, lines: number, maxBytes: number, chunkSize: number) {
  const window = new LineTail(lines, maxBytes, true);
  for (const chunk of chunksOf(Buffer.from(text), chunkSize)) window.push(chunk);
  return window.finish(linesOf(text).length);
}

const anyText = fc
  .array(fc.constantFrom('a', 'bc', 'ü', '😀', '\n', '\r\n'), { maxLength: 40 })
  .map((parts) => parts.join(''));
const small = fc.integer({ min: 1, max: 12 });

describe('LineRange', () => {
  it('gives the lines asked for, in whatever chunks they arrive', () => {
    fc.assert(
      fc.property(anyText, small, small, small, (text, first, more, chunkSize) => {
        const wanted = linesOf(text).slice(first - 1, first + more);
        const piece = range(text, first, first + more, 1_000, chunkSize);
        expect(piece.bytes.toString()).toBe(wanted.join(''));
        expect(piece.truncated).toBe(false);
        expect(piece.endLine).toBe(wanted.length === 0 ? undefined : first + wanted.length - 1);
      }),
    );
  });

  it('cuts to its bound at a line or inside one too long, never inside a character', () => {
    fc.assert(
      fc.property(anyText, small, fc.integer({ min: 4, max: 20 }), small, (text, first, maxBytes, chunkSize) => {
        const rest = linesOf(text).slice(first - 1);
        const piece = range(text, first, Infinity, maxBytes, chunkSize);
        const got = piece.bytes.toString();
        expect(piece.bytes.length).toBeLessThanOrEqual(maxBytes);
        expect(rest.join('').startsWith(got)).toBe(true);
        expect(piece.truncated).toBe(got !== rest.join(''));
        if (!piece.truncated) return;
        const whole = linesOf(got).filter((line) => line.endsWith('\n')).length;
        expect(got === '' || got.endsWith('\n') || whole === 0).toBe(true);
        expect(piece.nextStartLine).toBe(first + Math.max(whole, 1));
      }),
    );
  });

  it('can be read on to the end', () => {
    const text = Array.from({ length: 50 }, (_, index) => `line ${index}\n`).join('');
    let got = '';
    for (let next: number | undefined = 1; next !== undefined;) {
      const piece = range(text, next, Infinity, 30, 7);
      got += piece.bytes.toString();
      next = piece.nextStartLine;
    }
    expect(got).toBe(text);
  });

  it('gives nothing and says where to go on when nothing may be given', () => {
    expect(range('abc\n', 1, Infinity, 0, 2)).toEqual({ bytes: Buffer.alloc(0), truncated: true, nextStartLine: 1 });
    expect(range('', 1, Infinity, 0, 2)).toEqual({ bytes: Buffer.alloc(0), truncated: false });
  });
});

describe('LineTail', () => {
  it('gives the last lines, in whatever chunks they arrive', () => {
    fc.assert(
      fc.property(anyText, small, small, (text, count, chunkSize) => {
        const wanted = linesOf(text).slice(-count);
        const piece = tail(text, count, 1_000, chunkSize);
        expect(piece.bytes.toString()).toBe(wanted.join(''));
        expect(piece.truncated).toBe(false);
        expect(piece.startLine).toBe(wanted.length === 0 ? undefined : linesOf(text).length - wanted.length + 1);
      }),
    );
  });

  it('cuts to its bound from the front', () => {
    fc.assert(
      fc.property(anyText, small, fc.integer({ min: 4, max: 20 }), small, (text, count, maxBytes, chunkSize) => {
        const wanted = linesOf(text).slice(-count).join('');
        const piece = tail(text, count, maxBytes, chunkSize);
        expect(piece.bytes.length).toBeLessThanOrEqual(maxBytes);
        expect(wanted.endsWith(piece.bytes.toString())).toBe(true);
        expect(piece.truncated).toBe(piece.bytes.toString() !== wanted);
      }),
    );
  });
});

describe('utf8Boundary', () => {
  it('keeps whole characters and leaves other bytes alone', () => {
    const bytes = Buffer.from('a😀ü');
    expect([1, 2, 3, 4, 5, 6, 7].map((length) => utf8Boundary(bytes, length))).toEqual([1, 1, 1, 1, 5, 5, 7]);
    expect(utf8Boundary(Buffer.from([0x80, 0x80]), 2)).toBe(2);
  });
});
