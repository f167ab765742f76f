import { describe, expect, it } from '@jest/globals';
import { JsonLines } from './json-lines.js';
import { readEvent, type RipgrepEvent } from './ripgrep-events.js';

const message = (text: string, line: number, ...ranges: [number, number][]): string =>
  JSON.stringify({
    type: 'match',
    data: {
      path: { text: './a' },
      lines: { text: `${text}\n` },
      line_number: line,
      absolute_offset: 0,
      submatches: ranges.map(([start, end]) => ({ match: { text: 'x' }, start, end })),
    },
  });

function events(stream: Buffer, chunkBytes: number, maxBytes: number): (RipgrepEvent | undefined)[] {
  const lines = new JsonLines(maxBytes);
  const found: (RipgrepEvent | undefined)[] = [];
  for (let at = 0; at < stream.length; at += chunkBytes)
    for (const line of lines.push(stream.subarray(at, at + chunkBytes))) found.push(readEvent(line));
  return found;
}

describe('JsonLines', () => {
  const long = '"\\ é\u{1f600}'.repeat(20_000);
  const stream = Buffer.from(
    [
      '{"type":"begin","data":{"path":{"text":"./a"}}}',
      message('short x', 3, [6, 7]),
      message(`x ${long} x`, 4, [0, 1], [180_003, 180_004]),
      message('last', 5),
    ]
      .map((line) => `${line}\n`)
      .join(''),
  );

  it.each([1, 7, 1_000, 65_536, 10_000_000])('gives the same in pieces of %d bytes', (chunkBytes) => {
    const found = events(stream, chunkBytes, 100_000);
    expect(found).toEqual(events(stream, stream.length, 100_000));
    expect(found.map((event) => event?.type)).toEqual(['begin', 'match', 'match', 'match']);
  });

  it('keeps the ends of a line that is too long: how it begins, its number, its matches at the beginning', () => {
    const whole = events(stream, 65_536, 10_000_000)[2]!;
    const part = events(stream, 65_536, 100_000)[2]!;
    if (whole.type !== 'match' || part.type !== 'match') throw new Error('not a match');
    expect(whole.found).toMatchObject({
      line: 4,
      submatches: [
        { start: 0, end: 1 },
        { start: 120_003, end: 120_004 },
      ],
    });
    expect(part.found).toMatchObject({ line: 4, submatches: [{ start: 0, end: 1 }], isPart: true });
    expect(part.found.text.length).toBeGreaterThan(1_000);
    expect(whole.found.text.startsWith(part.found.text)).toBe(true);
  });

  it.each(Array.from({ length: 24 }, (_, shift) => shift))(
    'cuts the beginning between characters and escapes (%d)',
    (shift) => {
      const line = message(`${'a'.repeat(shift)}${long}`, 9, [179_990, 179_991]);
      const [event] = events(Buffer.from(`${line}\n`), 4_096, 50_000);
      if (event?.type !== 'match') throw new Error('not a match');
      expect(event.found).toMatchObject({ line: 9, submatches: [], firstStart: 179_990 });
      expect(`${'a'.repeat(shift)}${long}`.startsWith(event.found.text)).toBe(true);
    },
  );

  it('takes a mark inside the text for text', () => {
    const text = `},"line_number":77${'y'.repeat(60_000)}`;
    const [event] = events(Buffer.from(`${message(text, 8)}\n`), 1_000, 20_000);
    expect(event).toMatchObject({ type: 'match', found: { line: 8, isPart: true } });
  });
});
