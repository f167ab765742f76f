import { expect } from '@jest/globals';
import type { TestKit } from '@app/testing';
import type { Limits } from '@app/config';
import { PathLocks } from '../../../libs/resources/src/files/path-locks.js';
import { SearchSlots } from '../../../libs/tools/src/search/search-slots.js';
import { codeOf, type LimitTests, withTools } from './limit-test.js';

interface Found {
  readonly matches: readonly { readonly text: string; readonly cut?: boolean }[];
  readonly truncated_by?: string;
  readonly skipped: { readonly large: number };
}
/** With a page as large as it may be, so that nothing is summed up. */
const search = (kit: TestKit, input: object = {}): Promise<Found> =>
  kit.succeed<Found>('search_text', { query: 'word', max_results: 500, ...input });
const words = (count: number): Record<string, string> => ({ 'a.txt': 'word\n'.repeat(count) });
const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const searching: LimitTests = {
  searchMatches: async () => {
    for (const [count, by] of [
      [3, undefined],
      [4, 'matches'],
    ] as const)
      await withTools({ searchMatches: 3 }, words(count), async (kit) => {
        const found = await search(kit);
        expect([found.matches.length, found.truncated_by]).toEqual([3, by]);
      });
  },
  searchLineChars: () =>
    withTools({ searchLineChars: 10 }, { exact: 'word567890\n', more: 'word5678901\n' }, async (kit) => {
      expect((await search(kit, { path: 'exact' })).matches).toMatchObject([{ text: 'word567890' }]);
      expect((await search(kit, { path: 'exact' })).matches[0]).not.toHaveProperty('cut');
      expect((await search(kit, { path: 'more' })).matches).toMatchObject([{ text: 'word567890', cut: true }]);
    }),
  searchAnswerBytes: () =>
    withTools({}, words(3), async (whole) => {
      const bytes = (await search(whole)).matches.reduce((sum, match) => sum + bytesOf(match), 0);
      for (const [searchAnswerBytes, by] of [
        [bytes, undefined],
        [bytes - 1, 'bytes'],
      ] as const)
        await withTools({ searchAnswerBytes }, words(3), async (kit) =>
          expect((await search(kit)).truncated_by).toBe(by),
        );
    }),
  searchScannedMatches: async () => {
    // The search ends at the last match it may look at: whether there is another one is then not known.
    for (const [count, by] of [
      [2, undefined],
      [3, 'scanned'],
    ] as const)
      await withTools({ searchScannedMatches: 3 }, words(count), async (kit) => {
        const found = await search(kit);
        expect([found.matches.length, found.truncated_by]).toEqual([count, by]);
      });
  },
  searchOutputBytes: async () => {
    // Counted in the child's own words, of which some tell times: exactness is shown where children are tested.
    for (const [searchOutputBytes, by] of [
      [100_000, undefined],
      [1_000, 'scanned'],
    ] as const)
      await withTools({ searchOutputBytes }, words(100), async (kit) =>
        expect((await search(kit)).truncated_by).toBe(by),
      );
  },
  searchFileBytes: () =>
    withTools({ searchFileBytes: 10 }, { 'in/exact.txt': 'word567890', 'in/more.txt': 'word5678901' }, async (kit) => {
      expect(await search(kit)).toMatchObject({ matches: [{ path: 'in/exact.txt' }], skipped: { large: 1 } });
      expect((await search(kit, { path: 'in/exact.txt' })).matches).toHaveLength(1);
      expect(await search(kit, { path: 'in/more.txt' })).toMatchObject({ matches: [], skipped: { large: 1 } });
    }),
};

/** Searches that end when they are told to. */
function slots(limits: Pick<Limits, 'searchesRunning' | 'searchesWaiting'>) {
  const own = new SearchSlots(limits);
  const end = Promise.withResolvers<void>();
  let running = 0;
  const start = (): Promise<void> =>
    own.run(new AbortController().signal, () => {
      running++;
      return end.promise;
    });
  return { start, end: () => end.resolve(), running: () => running };
}

const turns: LimitTests = {
  searchesRunning: async () => {
    const { start, end, running } = slots({ searchesRunning: 2, searchesWaiting: 5 });
    const searches = [start(), start(), start()];
    expect(running()).toBe(2);
    end();
    await Promise.all(searches);
    expect(running()).toBe(3);
  },
  searchesWaiting: async () => {
    const { start, end } = slots({ searchesRunning: 1, searchesWaiting: 2 });
    const searches = [start(), start(), start()];
    await expect(start()).rejects.toMatchObject({ code: 'OVERLOADED' });
    end();
    await Promise.all(searches);
    await start();
  },
};

const edit = (path: string, old: string, young: string, more: object = {}): unknown => ({
  path,
  edits: [{ old, new: young }],
  ...more,
});

const writing: LimitTests = {
  writeBytes: () =>
    withTools({ writeBytes: 10 }, { 'a.txt': 'word' }, async (kit) => {
      const write = (content: string, more: object = {}): Promise<string> =>
        codeOf(kit, 'write_file', { path: 'new.txt', content, dry_run: true, ...more });
      expect([await write('ä'.repeat(5)), await write(`${'ä'.repeat(5)}x`)]).toEqual(['success', 'LIMIT']);
      const base64 = (bytes: number): string => Buffer.alloc(bytes).toString('base64');
      for (const [bytes, code] of [
        [10, 'success'],
        [11, 'LIMIT'],
        [12, 'LIMIT'],
        [13, 'LIMIT'],
      ] as const)
        expect([bytes, await write(base64(bytes), { encoding: 'base64' })]).toEqual([bytes, code]);
      expect(await codeOf(kit, 'edit_file', edit('a.txt', 'word', 'x'.repeat(10), { dry_run: true }))).toBe('success');
      expect(await codeOf(kit, 'edit_file', edit('a.txt', 'word', 'x'.repeat(11), { dry_run: true }))).toBe('LIMIT');
    }),
  editFileBytes: () =>
    withTools({ editFileBytes: 10 }, { exact: 'word567890', more: 'word5678901' }, async (kit) => {
      expect(await codeOf(kit, 'edit_file', edit('exact', 'word', 'WORD'))).toBe('success');
      expect(await codeOf(kit, 'edit_file', edit('more', 'word', 'WORD'))).toBe('LIMIT');
    }),
  editCount: () =>
    withTools({}, { 'a.txt': 'word' }, async (kit) => {
      const edits = (count: number): unknown => ({
        path: 'a.txt',
        edits: Array.from({ length: count }, () => ({ old: 'word', new: 'word' })),
      });
      expect(await codeOf(kit, 'edit_file', edits(100))).toBe('success');
      expect(await codeOf(kit, 'edit_file', edits(101))).toBe('INVALID_ARGUMENT');
    }),
  diffBytes: () =>
    withTools({}, { 'a.txt': 'word\n' }, async (whole) => {
      const input = edit('a.txt', 'word', 'WORD', { dry_run: true });
      const { diff } = await whole.succeed<{ diff: string }>('edit_file', input);
      const diffBytes = Buffer.byteLength(diff);
      await withTools({ diffBytes }, { 'a.txt': 'word\n' }, async (kit) =>
        expect(await kit.succeed('edit_file', input)).toMatchObject({ diff }),
      );
      await withTools({ diffBytes: diffBytes - 1 }, { 'a.txt': 'word\n' }, async (kit) => {
        const result = await kit.succeed('edit_file', input);
        expect([result['diff'], result['diff_omitted']]).toEqual([undefined, true]);
      });
    }),
  diffMs: async () => {
    // A time: one that is over at once leaves no diff, and the change is made all the same.
    const lines = (word: string): string => Array.from({ length: 400 }, (_, at) => `${word} ${at}\n`).join('');
    for (const [diffMs, isOmitted] of [
      [10_000, undefined],
      [0.000_1, true],
    ] as const)
      await withTools({ diffMs, diffBytes: 1_000_000 }, { 'a.txt': lines('old') }, async (kit) =>
        expect((await kit.succeed('edit_file', edit('a.txt', lines('old'), lines('new'))))['diff_omitted']).toBe(
          isOmitted,
        ),
      );
  },
  writesWaitingPerFile: async () => {
    const locks = new PathLocks(2);
    const first = Promise.withResolvers<void>();
    const held = [
      locks.run('a', undefined, () => first.promise),
      locks.run('a', undefined, async () => undefined),
      locks.run('a', undefined, async () => undefined),
    ];
    await expect(locks.run('a', undefined, async () => undefined)).rejects.toMatchObject({ code: 'OVERLOADED' });
    first.resolve();
    await Promise.all(held);
    await locks.run('a', undefined, async () => undefined);
  },
};

/** Limits on what is searched and on what is written. */
export const CHANGING_LIMITS: LimitTests = { ...searching, ...turns, ...writing };
