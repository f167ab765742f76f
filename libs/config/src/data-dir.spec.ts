import { mkdtempSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readDataDir } from './data-dir.js';

describe('the folder of the data', () => {
  let base: string;
  beforeAll(() => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'data-dir-')));
    mkdirSync(join(base, 'ws/inner'), { recursive: true });
    symlinkSync(join(base, 'ws'), join(base, 'link'));
  });
  afterAll(() => rmSync(base, { recursive: true, force: true }));

  const problemsOf = (given: string): string[] => {
    const problems: string[] = [];
    readDataDir(join(base, given), undefined, [{ name: 'ws', path: join(base, 'ws') }], problems);
    return problems;
  };

  it.each(['data', 'ws-data', 'data/deeper'])('%s is beside the workspace', (given) => {
    expect(problemsOf(given)).toEqual([]);
  });

  it.each(['ws', 'ws/data', 'ws/inner', 'link/data', 'ws/not/there/yet', ''])('%j is not', (given) => {
    expect(problemsOf(given)).toEqual([expect.stringMatching(/^DATA_DIR: /)]);
  });

  it('is a folder of the user where none is given', () => {
    expect(readDataDir(undefined, join(base, 'home'), [], [])).toBe(join(base, 'home/mcp-software-engineer'));
    expect(readDataDir(undefined, undefined, [], [])).toMatch(/\.local\/share\/mcp-software-engineer$/);
  });
});
