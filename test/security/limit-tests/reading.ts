import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { Dispatcher } from '@app/pipeline';
import { ALICE, type TestKit } from '@app/testing';
import { codeOf, type LimitTests, withTools } from './limit-test.js';

const read = (path: string, more: object = {}): unknown => ({ items: [{ path }], ...more });
const itemOf = async (kit: TestKit, path: string): Promise<Record<string, unknown>> =>
  (await kit.succeed<{ items: Record<string, unknown>[] }>('read_files', read(path))).items[0]!;
/** `success`, or the code with which a resource is refused. */
async function resourceCode(kit: TestKit, path: string): Promise<string> {
  const request = { principal: ALICE, client: { progress: () => undefined, log: () => undefined } };
  const outcome = await kit.get(Dispatcher).readResource(`workspace://ws/${path}`, request);
  return outcome.kind === 'failure' ? outcome.error.code : outcome.kind;
}

interface Listed {
  readonly entries: readonly { readonly path: string }[];
  readonly truncated: boolean;
  readonly truncated_by?: string;
}
const list = (kit: TestKit, input: object = {}): Promise<Listed> => kit.succeed<Listed>('list_files', input);
const files = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}.txt`, 'x']));

const paths: LimitTests = {
  pathChars: () =>
    withTools({ pathChars: 20 }, {}, async (kit) => {
      expect(await codeOf(kit, 'read_files', read('a/'.repeat(9) + 'bc'))).toBe('NOT_FOUND');
      expect(await codeOf(kit, 'read_files', read('a/'.repeat(9) + 'bcd'))).toBe('INVALID_ARGUMENT');
    }),
  nameBytes: () =>
    withTools({ nameBytes: 10 }, {}, async (kit) => {
      expect(await codeOf(kit, 'read_files', read('ä'.repeat(5)))).toBe('NOT_FOUND');
      expect(await codeOf(kit, 'read_files', read(`${'ä'.repeat(5)}x`))).toBe('INVALID_ARGUMENT');
    }),
  linkHops: () =>
    withTools({ linkHops: 3 }, { 'end.txt': 'x' }, async (kit, folder) => {
      for (let hop = 1; hop <= 4; hop++)
        symlinkSync(hop === 1 ? 'end.txt' : `hop${hop - 1}`, join(folder, `hop${hop}`));
      expect(await codeOf(kit, 'read_files', read('hop3'))).toBe('success');
      expect(await codeOf(kit, 'read_files', read('hop4'))).toBe('SYMLINK_ESCAPE');
    }),
};

const reading: LimitTests = {
  readItems: () =>
    withTools({}, { 'a.txt': 'x' }, async (kit) => {
      const items = (count: number): unknown => ({
        items: Array.from({ length: count }, () => ({ path: 'a.txt' })),
      });
      expect(await codeOf(kit, 'read_files', items(20))).toBe('success');
      expect(await codeOf(kit, 'read_files', items(21))).toBe('INVALID_ARGUMENT');
    }),
  readTextBytes: () =>
    withTools({ readTextBytes: 10 }, { exact: 'x'.repeat(10), more: 'x'.repeat(11) }, async (kit) => {
      expect(await itemOf(kit, 'exact')).toMatchObject({ truncated: false, content: 'x'.repeat(10) });
      expect(await itemOf(kit, 'more')).toMatchObject({ truncated: true, content: 'x'.repeat(10) });
      expect([await resourceCode(kit, 'exact'), await resourceCode(kit, 'more')]).toEqual(['success', 'LIMIT']);
    }),
  readMediaBytes: () =>
    withTools({ readMediaBytes: 10 }, { exact: '\0'.repeat(10), more: '\0'.repeat(11) }, async (kit) => {
      expect(await codeOf(kit, 'read_files', read('exact', { as: 'base64' }))).toBe('success');
      expect(await codeOf(kit, 'read_files', read('more', { as: 'base64' }))).toBe('LIMIT');
      expect([await resourceCode(kit, 'exact'), await resourceCode(kit, 'more')]).toEqual(['success', 'LIMIT']);
    }),
  readScanBytes: () =>
    withTools({ readScanBytes: 10 }, { exact: 'x'.repeat(10), more: 'x'.repeat(11) }, async (kit) => {
      expect(await itemOf(kit, 'exact')).toMatchObject({ total_lines: 1, sha256: expect.any(String) });
      expect(await itemOf(kit, 'more')).toMatchObject({ partial: true });
      const overwrite = (path: string): Promise<string> =>
        codeOf(kit, 'write_file', { path, content: 'x', mode: 'overwrite', if_match: '0' });
      expect([await overwrite('exact'), await overwrite('more')]).toEqual(['CONFLICT', 'LIMIT']);
    }),
};

const listing: LimitTests = {
  listDepth: () =>
    withTools({ listDepth: 2 }, { 'one/two/three.txt': 'x' }, async (kit) => {
      for (const input of [{ depth: 2 }, { depth: 3 }, { glob: '**' }])
        expect((await list(kit, input)).entries.map(({ path }) => path)).toEqual(['one', 'one/two']);
    }),
  listEntries: async () => {
    for (const [count, truncated] of [
      [3, false],
      [4, true],
    ] as const)
      await withTools({ listEntries: 3 }, files(count), async (kit) => {
        const listed = await list(kit);
        expect([listed.entries.length, listed.truncated, listed.truncated_by]).toEqual([
          3,
          truncated,
          truncated ? 'entries' : undefined,
        ]);
      });
  },
  listScannedEntries: async () => {
    for (const [count, by] of [
      [3, undefined],
      [4, 'scanned'],
    ] as const)
      await withTools({ listScannedEntries: 3 }, files(count), async (kit) =>
        expect((await list(kit)).truncated_by).toBe(by),
      );
  },
  listBytes: () =>
    withTools({}, files(3), async (whole, folder) => {
      const { entries } = await list(whole);
      const bytes = entries.reduce((sum, entry) => sum + Buffer.byteLength(JSON.stringify(entry)) + 1, 0);
      expect(folder).toBeTruthy();
      for (const [listBytes, by] of [
        [bytes, undefined],
        [bytes - 1, 'bytes'],
      ] as const)
        await withTools({ listBytes }, files(3), async (kit) => expect((await list(kit)).truncated_by).toBe(by));
    }),
  walkDepth: async () => {
    for (const [path, by] of [
      ['one/two.txt', undefined],
      ['one/two/three.txt', 'depth'],
    ] as const)
      await withTools({ walkDepth: 2 }, { [path]: 'x' }, async (kit) =>
        expect((await list(kit, { depth: 10 })).truncated_by).toBe(by),
      );
  },
  ignoreFileBytes: async () => {
    const rules = 'other\nhidden.txt\n';
    for (const [ignoreFileBytes, isHidden] of [
      [rules.length, true],
      [rules.length - 1, false],
    ] as const)
      await withTools({ ignoreFileBytes }, { '.gitignore': rules, 'hidden.txt': 'x' }, async (kit) =>
        expect((await list(kit)).entries.every(({ path }) => path !== 'hidden.txt')).toBe(isHidden),
      );
  },
  ignoreRules: async () => {
    const ignored = { '.gitignore': '# no rule\none.txt\n\ntwo.txt\n', 'one.txt': 'x', 'two.txt': 'x' };
    for (const [ignoreRules, left] of [
      [2, ['.gitignore']],
      [1, ['.gitignore', 'two.txt']],
    ] as const)
      await withTools({ ignoreRules }, ignored, async (kit) =>
        expect((await list(kit)).entries.map(({ path }) => path)).toEqual(left),
      );
  },
  globChars: () =>
    withTools({ globChars: 5 }, {}, async (kit) => {
      expect(await codeOf(kit, 'list_files', { glob: 'abcde' })).toBe('success');
      expect(await codeOf(kit, 'list_files', { glob: 'abcdef' })).toBe('INVALID_ARGUMENT');
      expect(await codeOf(kit, 'search_text', { query: 'x', include: ['abcde'], exclude: ['abcde'] })).toBe('success');
      for (const key of ['include', 'exclude'])
        expect(await codeOf(kit, 'search_text', { query: 'x', [key]: ['abcdef'] })).toBe('INVALID_ARGUMENT');
    }),
  globStars: () =>
    withTools({ globStars: 2 }, {}, async (kit) => {
      for (const glob of ['*a*', '**/a/**'])
        expect([glob, await codeOf(kit, 'list_files', { glob })]).toEqual([glob, 'success']);
      for (const glob of ['*a*b*', '**/a/**/b/**'])
        expect([glob, await codeOf(kit, 'list_files', { glob })]).toEqual([glob, 'INVALID_ARGUMENT']);
    }),
  globAlternatives: () =>
    withTools({ globAlternatives: 4 }, {}, async (kit) => {
      for (const glob of ['{a,b}{c,d}', '{a,b,c,d}']) expect(await codeOf(kit, 'list_files', { glob })).toBe('success');
      for (const glob of ['{a,b}{c,d,e}', '{a,b,c,d,e}'])
        expect(await codeOf(kit, 'list_files', { glob })).toBe('INVALID_ARGUMENT');
    }),
};

/** Limits on paths, on what is read and on what is listed. */
export const READING_LIMITS: LimitTests = { ...paths, ...reading, ...listing };
