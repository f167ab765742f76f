import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

interface Result {
  readonly revision: string;
  readonly scenario: string;
  readonly kind: 'scored' | 'also' | 'reported';
  readonly ok: boolean;
  readonly reasons: readonly string[];
}

const root = join(import.meta.dirname, '..');
const LONGEST_MS = 120_000;

describe('the official conformance suite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-results-'));
  let code: number | null;
  let said = '';
  let results: Result[] = [];
  beforeAll(async () => {
    const json = join(folder, 'results.json');
    const args = [join(root, 'scripts/conformance.mjs'), '--built', '--json', json];
    const script = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST_MS - 5_000 });
    for (const stream of [script.stdout, script.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    [code] = (await once(script, 'close')) as [number | null];
    try {
      results = JSON.parse(readFileSync(json, 'utf8')) as Result[];
    } catch (cause) {
      throw new Error(`the suite did not come to an end:\n${said}`, { cause });
    }
  }, LONGEST_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const passing = (revision: string, kind: Result['kind']): number =>
    results.filter((result) => result.revision === revision && result.kind === kind && result.ok).length;

  it('finds nothing wrong', () => {
    expect(
      results.filter(({ ok }) => !ok).map(({ revision, scenario, reasons }) => ({ revision, scenario, reasons })),
    ).toEqual([]);
    expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' });
  });

  it.each([
    ['2026-07-28', 37, 12],
    ['2025-11-25', 30, 3],
  ])('has been passed for %s', (revision, scored, also) => {
    expect(passing(revision, 'scored')).toBe(scored);
    expect(passing(revision, 'also')).toBe(also);
  });
});
