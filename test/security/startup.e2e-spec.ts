import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { callModern } from '../support/mcp-messages.js';
import { PRODUCT, ServerProcess } from '../support/server-process.js';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'startup-')));
const servers: ServerProcess[] = [];
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop('SIGKILL')));
  rmSync(base, { recursive: true, force: true });
});

async function start(workspace: string): Promise<ServerProcess> {
  const server = await ServerProcess.start({ workspace, env: { HOME: base } });
  servers.push(server);
  return server;
}

/** Starts the product in a way that must be refused. @returns its exit code and what it said */
async function refusal(...workspaces: string[]): Promise<{ code: number; said: string }> {
  const args = [PRODUCT, '--http', '--port', '0', ...workspaces.flatMap((each) => ['--workspace', each])];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], HOME: base },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    // It was not refused: the code then says so.
    if (said.includes('listening at')) child.kill('SIGKILL');
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, said };
}

describe('the root of a workspace (F45)', () => {
  it('may be a link and may end in a slash: what counts is where it leads', async () => {
    mkdirSync(join(base, 'real'));
    writeFileSync(join(base, 'real/a.txt'), 'found');
    symlinkSync(join(base, 'real/a.txt'), join(base, 'real/absolute'));
    symlinkSync(join(base, 'real'), join(base, 'linked'));
    const server = await start(`${join(base, 'linked')}/`);
    const { text } = await callModern(server.url, 'read_files', { items: [{ path: 'a.txt' }, { path: 'absolute' }] });
    expect(text.match(/\\"content\\":\\"found\\"/g)).toHaveLength(2);
    expect(text).not.toContain(base);
    const { text: absolute } = await callModern(server.url, 'read_files', {
      items: [{ path: join(base, 'linked/a.txt') }],
    });
    expect(absolute).toContain('PATH_OUTSIDE_WORKSPACE');
    expect(await server.stop()).toBe(0);
  });

  it.each([
    ['the root of the file system', ['ws=/']],
    ['a link to the root of the file system', ['ws=<base>/slash']],
    ['a folder that is missing', ['ws=<base>/missing']],
    ['a file', ['ws=<base>/file']],
    ['one inside of the other', ['a=<base>', 'b=<base>/inner']],
    ['one inside of the other, through a link', ['a=<base>/inner', 'b=<base>/to-inner/deep']],
    ['two of one name', ['a=<base>/inner', 'a=<base>/other']],
  ])('is refused at start: %s', async (_what, workspaces) => {
    for (const folder of ['inner/deep', 'other']) mkdirSync(join(base, folder), { recursive: true });
    writeFileSync(join(base, 'file'), 'x');
    for (const [name, target] of [
      ['slash', '/'],
      ['to-inner', 'inner'],
    ] as const) {
      rmSync(join(base, name), { force: true });
      symlinkSync(target, join(base, name));
    }
    const { code, said } = await refusal(...workspaces.map((each) => each.replace('<base>', base)));
    expect(code).toBe(78);
    expect(said).toContain('WORKSPACE_ROOTS');
  });
});

const shaOf = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const leftovers = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

describe('a server that is killed while it writes (F47)', () => {
  it('leaves the old or the new content, and nothing else after the next start', async () => {
    const workspace = join(base, 'killed');
    mkdirSync(workspace);
    const path = join(workspace, 'a.txt');
    const versions = ['A', 'B'].map((letter) => letter.repeat(4_000_000));
    writeFileSync(path, versions[0]!);
    let left = 0;
    for (let round = 0; round < 5; round++) {
      const server = await start(workspace);
      // The moment its unfinished file is there.
      const appeared = new Promise<void>((done) => {
        const watcher = watch(workspace, (_event, name) => {
          if (!name?.endsWith('.tmp')) return;
          watcher.close();
          done();
        });
      });
      const old = readFileSync(path, 'utf8');
      const content = versions.find((version) => version !== old)!;
      const answer = callModern(server.url, 'write_file', {
        path: 'a.txt',
        content,
        mode: 'overwrite',
        if_match: shaOf(old),
      }).catch(() => undefined);
      await appeared;
      await server.stop('SIGKILL');
      await answer;
      expect(versions).toContain(readFileSync(path, 'utf8'));
      left = leftovers(workspace).length;
      if (left > 0) break;
    }
    const hourAgo = Date.now() / 1000 - 3_600;
    writeFileSync(join(workspace, '.b.txt.0123456789abcdef01234567.tmp'), 'left by an earlier kill');
    for (const name of leftovers(workspace)) utimesSync(join(workspace, name), hourAgo, hourAgo);
    const server = await start(workspace);
    const { text } = await callModern(server.url, 'read_files', { items: [{ path: 'a.txt', tail: 1 }] });
    expect(text).toContain('total_lines');
    expect(await server.stop()).toBe(0);
    expect(leftovers(workspace)).toEqual([]);
  });
});
