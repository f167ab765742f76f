import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Attempt, verdictOf } from './attacker.js';
import { readOf, waysToRead, waysToWrite } from './case.js';
import type { Evidence, Reply } from './evidence.js';
import { harmIn } from './harm.js';
import { Scene } from './scene.js';
import { World } from './world.js';

const world = new World();
let scene: Scene;

beforeAll(async () => {
  scene = await Scene.open(world);
});
afterAll(async () => {
  await scene?.server.stop();
  await world.dispose();
});

const verdicts = ({ replies }: Evidence): (string | number)[] => replies.map(verdictOf);
const shaOf = (data: string): string => createHash('sha256').update(data).digest('hex');
const inWorkspace = (path: string): string => join(world.workspace, path);

/**
 * Swaps a name between what it should be and a link to a secret as fast as it can, in a process of its own, until it
 * is killed. A file is swapped in one step; a folder cannot be, so its name is missing for a moment each time.
 */
const SWAPPERS = {
  file: `for (;;) {
    fs.symlinkSync(secret, aside); fs.renameSync(aside, name);
    fs.writeFileSync(aside, 'word\\n'); fs.renameSync(aside, name);
  }`,
  // The server may make the folder itself in the moment it is missing; then everything starts anew.
  folder: `for (;;) try {
    fs.renameSync(name, aside); fs.symlinkSync(secret, name);
    fs.unlinkSync(name); fs.renameSync(aside, name);
  } catch { try {
    for (const path of [name, aside]) fs.rmSync(path, { recursive: true, force: true });
    fs.mkdirSync(name); fs.writeFileSync(name + '/secret.txt', 'word\\n');
  } catch {} }`,
};
function startSwapping(kind: keyof typeof SWAPPERS, name: string, secret: string): ChildProcess {
  const program = `const fs = require('node:fs'); const [name, aside, secret] = process.argv.slice(1); ${SWAPPERS[kind]}`;
  return spawn(process.execPath, ['-e', program, inWorkspace(name), inWorkspace(`aside-${kind}`), secret], {
    stdio: 'ignore',
  });
}

const MAY_HAPPEN = ['success', 'SYMLINK_ESCAPE', 'NOT_FOUND', 'CONFLICT', 'NOT_REGULAR_FILE', 'INVALID_ARGUMENT'];

describe('what changes under its hands (F26)', () => {
  it.each([
    ['file', 'swap.txt', 'swap.txt', 'secret.txt'],
    ['folder', 'swap', 'swap/secret.txt', '.'],
  ] as const)(
    'a %s that is swapped for a link to a secret shows and changes nothing outside',
    async (kind, name, path, secret) => {
      world.put(`ws/${path}`, 'word\n');
      const swapping = startSwapping(kind, name, join(world.outside, secret));
      try {
        const ways = [...Object.values(waysToRead(path)), ...Object.values(waysToWrite(path))];
        const evidence = await scene.gather(async () => {
          const replies: Reply[] = [];
          for (let round = 0; round < 40; round++)
            replies.push(...(await Promise.all(ways.map((way) => scene.attacker.send(way)))));
          return replies;
        });
        expect(swapping.exitCode).toBeNull();
        expect(harmIn(evidence)).toEqual([]);
        const seen = new Set(verdicts(evidence));
        expect([...seen].filter((verdict) => !MAY_HAPPEN.includes(String(verdict)))).toEqual([]);
        // Both states were met, or the case says nothing.
        expect(seen).toContain('SYMLINK_ESCAPE');
        expect(seen).toContain('success');
      } finally {
        swapping.kill('SIGKILL');
      }
    },
  );
});

describe('what is outside (F42)', () => {
  const pairs: [string, string, string][] = [
    ['by text', '../outside/secret.txt', '../outside/nothing.txt'],
    ['by link', 'link', 'link-missing'],
    ['below a link', 'dir/secret.txt', 'dir/nothing.txt'],
  ];
  const textOf = ({ message }: Reply): string => message!.result!.content![0]!.text!;

  it.each(pairs)('is answered alike whether or not it is there: %s', async (_how, there, missing) => {
    for (const [way, attempt] of Object.entries(waysToRead(there))) {
      const [one, other] = [await scene.attacker.send(attempt), await scene.attacker.send(waysToRead(missing)[way]!)];
      expect(textOf(one)).toBe(textOf(other));
    }
    for (const [way, attempt] of Object.entries(waysToWrite(there))) {
      const [one, other] = [await scene.attacker.send(attempt), await scene.attacker.send(waysToWrite(missing)[way]!)];
      expect(textOf(one)).toBe(textOf(other));
    }
  });

  it.each(pairs)('takes the same time whether or not it is there: %s', async (_how, there, missing) => {
    const times: Record<string, number[]> = { there: [], missing: [] };
    const took = async (path: string): Promise<number> => {
      const started = performance.now();
      await scene.attacker.send({ tool: 'read_files', args: readOf(path) });
      return performance.now() - started;
    };
    for (let round = 0; round < 300; round++) {
      times['there']!.push(await took(there));
      times['missing']!.push(await took(missing));
    }
    const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
    const [one, other] = [median(times['there']!), median(times['missing']!)];
    expect(Math.abs(one - other)).toBeLessThan(1 + 0.3 * one);
  });
});

describe('writes of several callers (F48)', () => {
  const write = (path: string, content: string, more: object): Attempt => ({
    tool: 'write_file',
    args: { path, content, ...more },
  });

  it('of two overwrites with the same if_match one wins', async () => {
    writeFileSync(inWorkspace('contended.txt'), 'old');
    const evidence = await scene.together(
      Array.from({ length: 20 }, (_, at) =>
        write('contended.txt', `writer ${at}`, { mode: 'overwrite', if_match: shaOf('old') }),
      ),
    );
    expect(harmIn(evidence)).toEqual([]);
    expect(verdicts(evidence).toSorted()).toEqual([...Array(19).fill('CONFLICT'), 'success']);
    expect(readFileSync(inWorkspace('contended.txt'), 'utf8')).toBe(`writer ${verdicts(evidence).indexOf('success')}`);
  });

  it('of 50 appends none is lost', async () => {
    const evidence = await scene.together(
      Array.from({ length: 50 }, (_, at) => write('appended.txt', `line ${at}\n`, { mode: 'append' })),
    );
    expect([harmIn(evidence), new Set(verdicts(evidence))]).toEqual([[], new Set(['success'])]);
    expect(readFileSync(inWorkspace('appended.txt'), 'utf8').split('\n').filter(Boolean).sort()).toEqual(
      Array.from({ length: 50 }, (_, at) => `line ${at}`).sort(),
    );
  });

  it('leave no temporary file', () => {
    expect([...world.workspaceSnapshot().keys()].filter((path) => path.endsWith('.tmp'))).toEqual([]);
  });
});

describe('afterwards', () => {
  it('the audit has every call once, as it ended, and neither log nor error output has a secret', async () => {
    expect(await scene.close()).toEqual([]);
  });
});
