import { env } from 'node:process';
import { applyPatch } from 'diff';
import * as fc from 'fast-check';
import { describe, expect, it } from '@jest/globals';
import { Limits } from '@app/config';
import { diffText } from './text-diff.js';

/** What holds the loop would hold it for seconds; a machine that has other work holds it for a while, too. */
const HELD_MS = env['PROOF'] === 'full' ? 200 : 2_000;

const limits = new Limits();
const diff = (before: string, after: string) => diffText('f', Buffer.from(before), Buffer.from(after), limits);
const lines = (count: number, prefix: string): string =>
  Array.from({ length: count }, (_, index) => `${prefix} ${index}\n`).join('');

describe('diffText', () => {
  it('gives a unified diff with right line numbers', () => {
    const before = lines(100, 'line');
    expect(diff(before, before.replace('line 50\n', 'LINE 50\n')).text).toBe(
      '--- a/f\n+++ b/f\n@@ -48,7 +48,7 @@\n line 47\n line 48\n line 49\n-line 50\n+LINE 50\n line 51\n line 52\n line 53\n',
    );
    expect(diff('', 'a\nb\n')).toEqual({
      text: '--- a/f\n+++ b/f\n@@ -0,0 +1,2 @@\n+a\n+b\n',
      isOmitted: false,
      added: 2,
      removed: 0,
    });
    expect(diff('a', 'a')).toEqual({ isOmitted: false, added: 0, removed: 0 });
  });

  it('gives diffs that turn the one version into the other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 }).map((parts) => parts.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const { text: patch } = diff(before, after);
        expect(patch === undefined ? before : applyPatch(before, patch, { autoConvertLineEndings: false })).toBe(after);
      }),
      { numRuns: 1_000 },
    );
  });

  it('ends in time for versions that have nothing in common, long lines and many lines', () => {
    const cases: [string, string][] = [
      [lines(20_000, 'old'), lines(20_000, 'new')],
      ['a'.repeat(5_000_000), 'b'.repeat(5_000_000)],
      ['a\n'.repeat(1_000_000), 'b\n'.repeat(1_000_000)],
      [`${'a\n'.repeat(500_000)}x`, `y${'a\n'.repeat(500_000)}`],
    ];
    for (const [before, after] of cases) {
      const [old, young] = [Buffer.from(before), Buffer.from(after)];
      const start = performance.now();
      const result = diffText('f', old, young, limits);
      expect(performance.now() - start).toBeLessThan(HELD_MS);
      expect(result.isOmitted).toBe(true);
      expect(result.added).toBeGreaterThan(0);
    }
  });

  /** Compares without a time limit: how busy the machine is must not decide. */
  const patient = (before: string, after: string) =>
    diffText('f', Buffer.from(before), Buffer.from(after), { ...limits, diffMs: 60_000 });

  it('keeps whole hunks only', () => {
    const before = lines(3_000, 'line');
    const { text, isOmitted, added } = patient(
      before,
      before.replace(/line (\d*0)\n/g, `LINE $1 ${'x'.repeat(200)}\n`),
    );
    expect(isOmitted).toBe(true);
    expect(added).toBe(300);
    expect(Buffer.byteLength(text!)).toBeLessThanOrEqual(limits.diffBytes);
    expect(() => applyPatch(before, text!)).not.toThrow();
  });
});
