import { env, stdout } from 'node:process';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type LabelledLine, readCorpus } from './fixtures/corpus.js';
import { findSensitive, redactText } from './redact-text.js';

const IS_FULL = env['PROOF'] === 'full';
let corpus: readonly LabelledLine[];
beforeAll(async () => void (corpus = await readCorpus()));

interface Judgement {
  readonly recall: number;
  readonly precision: number;
  readonly missed: readonly string[];
  readonly wrong: readonly string[];
}

/**
 * A stretch is found where all of it would be taken out by a detector of its class; a find is right where it meets one.
 * @param seen how a line is written where it is looked at
 */
function judge(seen: (line: string) => string): Judgement {
  const missed: string[] = [];
  const wrong: string[] = [];
  let stretches = 0;
  let finds = 0;
  for (const { text, stretches: labelled } of corpus) {
    const found = findSensitive(seen(text));
    const at = (index: number): number => seen(text.slice(0, index)).length;
    const expected = labelled.map(({ dataClass, start, end }) => ({ dataClass, start: at(start), end: at(end) }));
    stretches += expected.length;
    finds += found.length;
    for (const { dataClass, start, end } of expected)
      if (!found.some((find) => find.start <= start && find.end >= end && find.detector.dataClass === dataClass))
        missed.push(text);
    for (const find of found)
      if (!expected.some(({ start, end }) => find.start < end && find.end > start))
        wrong.push(`${find.detector.name} in ${text}`);
  }
  return { recall: 1 - missed.length / stretches, precision: 1 - wrong.length / finds, missed, wrong };
}

/** As they are, and as they stand when the escapes of JSON in them are resolved. */
const WAYS: readonly (readonly [string, (line: string) => string])[] = [
  ['as it is', (line) => line],
  ['with real line breaks', (line) => line.replaceAll(/\\r|\\n/g, '\n')],
  ['inside a text of JSON', (line) => JSON.stringify(line).slice(1, -1)],
];

describe('the labelled corpus', () => {
  it('has 300 lines or more, and two in five hold nothing and look as if they did', () => {
    const innocent = corpus.filter(({ stretches }) => stretches.length === 0).length;
    expect(corpus.length).toBeGreaterThanOrEqual(300);
    expect(innocent / corpus.length).toBeGreaterThanOrEqual(0.4);
  });

  it.each(WAYS)('is found with recall of 0.98 and precision of 0.95 or better: %s', (way, seen) => {
    const { recall, precision, missed, wrong } = judge(seen);
    if (IS_FULL) stdout.write(`${way}: recall ${recall.toFixed(4)}, precision ${precision.toFixed(4)}\n`);
    expect({ missed: recall < 0.98 ? missed : [], wrong: precision < 0.95 ? wrong : [] }).toEqual({
      missed: [],
      wrong: [],
    });
  });

  it('is the same once redacted, however often', () => {
    for (const { text } of corpus) {
      const once = redactText(text);
      expect(redactText(once)).toBe(once);
    }
  });
});

/** Microseconds for a text of 1,024 characters: the best of several rounds, which other work on the machine spoils least. */
function costUs(texts: readonly string[]): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 10; round++) {
    const startedAt = performance.now();
    for (let turn = 0; turn < 20; turn++) for (const text of texts) redactText(text);
    best = Math.min(best, ((performance.now() - startedAt) * 1_000) / (20 * texts.length));
  }
  return best;
}

const lineOf = (fill: string): string =>
  `{"level":"warn","time":"2026-07-31T12:00:00.000Z","msg":"call failed","call_id":"0198f0a1-7c2e-7b44-a1d3-3f6f0c9f1a2b","tool":"read_files","err":{"type":"ServerError","message":"${fill}","stack":"${'    at Runner.run (file:///srv/app/dist/call-runner.js:120:11)\\n'.repeat(12)}`
    .padEnd(1_024, '.')
    .slice(0, 1_024);

/** A machine that has other work takes longer: the figure is asked for by itself. */
const LINE_US = IS_FULL ? 20 : 500;
const LONG_CHARS = IS_FULL ? 10_000_000 : 1_000_000;
/** Ten times as long a text would take a hundred times as long, if every character were looked at with every other. */
const GROWTH = 40;

describe('the cost of a line of 1 kB', () => {
  it(`is ${LINE_US} µs or less`, () => {
    const plain = costUs(Array.from({ length: 50 }, (_, index) => lineOf(`upstream ${index} did not answer`)));
    const oneFind = costUs(corpus.filter(({ stretches }) => stretches.length > 0).map(({ text }) => lineOf(text)));
    const lookAlikes = costUs(corpus.filter(({ stretches }) => stretches.length === 0).map(({ text }) => lineOf(text)));
    stdout.write(
      `plain ${plain.toFixed(2)} µs, look-alike ${lookAlikes.toFixed(2)} µs, find ${oneFind.toFixed(2)} µs\n`,
    );
    expect(Math.max(plain, oneFind, lookAlikes)).toBeLessThanOrEqual(LINE_US);
  });

  it('grows with the length only, whatever the text is made of', () => {
    const units = [
      'eyJaaaaaa.a.',
      'password="',
      'token=a',
      '://a:',
      'a@',
      '4111 ',
      'DE12 ',
      '-----BEGIN PRIVATE KEY----- ',
      'key (a)=(',
    ];
    for (const unit of units) {
      const timeOf = (chars: number): number => {
        const text = unit.repeat(chars / unit.length);
        // The best of several, which other work on the machine spoils least.
        const once = (): number => {
          const startedAt = performance.now();
          redactText(text);
          return performance.now() - startedAt;
        };
        return Math.min(once(), once(), once());
      };
      timeOf(100_000);
      const [short, long] = [timeOf(LONG_CHARS / 10), timeOf(LONG_CHARS)];
      stdout.write(
        `${LONG_CHARS} characters of ${JSON.stringify(unit)}: ${Math.round(long)} ms, ${(long / short).toFixed(1)} times a tenth\n`,
      );
      expect(long / short).toBeLessThan(GROWTH);
    }
  });
});
