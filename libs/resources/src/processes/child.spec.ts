import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildOptions, runChild } from './child.js';
import { leashed } from './leash.js';
import { LiveGroups } from './live-groups.js';

async function isAlive(pid: number): Promise<boolean> {
  try {
    await using file = await open(`/proc/${pid}/stat`);
    // The state follows the name, which may hold anything. A zombie is dead, only not yet buried.
    return !(await file.readFile('utf8')).replace(/^.*\)/s, '').startsWith(' Z');
  } catch {
    return false;
  }
}

/** A killed process goes when the system gets to it. */
async function goes(pid: number): Promise<boolean> {
  const until = performance.now() + 3_000;
  while ((await isAlive(pid)) && performance.now() < until) await setImmediate();
  return !(await isAlive(pid));
}

describe('runChild', () => {
  let cwd: string;
  let output: string;
  beforeAll(async () => {
    cwd = await realpath(await mkdtemp(join(tmpdir(), 'child-')));
  });
  afterAll(() => rm(cwd, { recursive: true, force: true }));

  const sh = (script: string, more: Partial<ChildOptions> = {}): ChildOptions => {
    output = '';
    return {
      program: '/bin/sh',
      args: ['-c', script],
      cwd,
      timeoutMs: 20_000,
      maxStdoutBytes: 1_000_000,
      onStdout: (chunk) => ((output += chunk.toString()), true),
      ...more,
    };
  };

  it('gives output, exit code and errors, in the folder it was told', async () => {
    expect(await runChild(sh('pwd; echo oops >&2; exit 3'))).toEqual({
      cause: 'exit',
      code: 3,
      signal: null,
      stderr: 'oops\n',
    });
    expect(output).toBe(`${cwd}\n`);
  });

  it('inherits no environment and no input', async () => {
    await runChild({ ...sh(''), program: '/usr/bin/env', args: [], env: { ONLY: 'this' } });
    expect(output).toBe('ONLY=this\n');
    await runChild(sh('cat; echo end'));
    expect(output).toBe('end\n');
  });

  it('reads from an open file', async () => {
    await writeFile(join(cwd, 'in'), 'from a file');
    await using file = await open(join(cwd, 'in'));
    await runChild(sh('cat', { stdinFd: file.fd }));
    expect(output).toBe('from a file');
  });

  it('takes no shell: an argument is an argument', async () => {
    await runChild({ ...sh(''), program: '/bin/echo', args: ['$HOME; `id`', '*'] });
    expect(output).toBe('$HOME; `id` *\n');
  });

  it('tells a missing program from a missing folder', async () => {
    await expect(runChild({ ...sh(''), program: '/nowhere/rg' })).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(runChild(sh('true', { cwd: join(cwd, 'gone') }))).rejects.toMatchObject({ code: 'ENOCWD' });
    await expect(runChild({ ...sh(''), program: 'rg' })).rejects.toThrow('absolute');
    expect(LiveGroups.count()).toBe(0);
  });

  it('ends a child that writes too much, and holds little of it', async () => {
    let bytes = 0;
    const end = await runChild(sh('yes', { onStdout: (chunk) => ((bytes += chunk.length), true) }));
    expect(end).toMatchObject({ cause: 'output', signal: 'SIGTERM' });
    expect(bytes).toBeLessThanOrEqual(1_000_000);
  });

  it('ends a child whose output nobody wants any more, or cannot take', async () => {
    expect(await runChild(sh('yes', { onStdout: () => false }))).toMatchObject({ cause: 'stopped' });
    const failing = sh('yes', {
      onStdout: () => {
        throw new Error('cannot take it');
      },
    });
    await expect(runChild(failing)).rejects.toThrow('cannot take it');
  });

  it('keeps the beginning of long error output', async () => {
    const { stderr } = await runChild(sh('head -c 100000 /dev/zero | tr "\\0" e >&2'));
    expect(stderr).toBe('e'.repeat(16_384));
  });

  it('ends at its time, and kills what does not listen', async () => {
    expect(await runChild(sh('sleep 600', { timeoutMs: 50 }))).toMatchObject({ cause: 'timeout', signal: 'SIGTERM' });
    expect(await runChild(sh('trap "" TERM; while :; do sleep 1; done', { timeoutMs: 200 }))).toMatchObject({
      cause: 'timeout',
      signal: 'SIGKILL',
    });
  });

  it('takes grandchildren along, whether it is aborted or ends by itself', async () => {
    const controller = new AbortController();
    const onStdout = (chunk: Buffer): boolean => {
      output += chunk.toString();
      controller.abort();
      return true;
    };
    const end = await runChild(sh('sleep 600 & echo $!; wait', { signal: controller.signal, onStdout }));
    expect(end.cause).toBe('aborted');
    expect(await goes(Number(output))).toBe(true);
    const started = performance.now();
    expect(await runChild(sh('sleep 600 & echo $!'))).toMatchObject({ cause: 'exit', code: 0 });
    expect(await goes(Number(output))).toBe(true);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(await isAlive(process.pid)).toBe(true);
  });

  it('starts nothing for a caller who is gone, and leaves no listener behind', async () => {
    expect(await runChild(sh('echo started', { signal: AbortSignal.abort() }))).toMatchObject({
      cause: 'aborted',
      code: null,
    });
    expect(output).toBe('');
    const before = process.listenerCount('exit');
    await Promise.all(Array.from({ length: 20 }, () => runChild(sh('true'))));
    expect(process.listenerCount('exit')).toBe(before);
    expect(LiveGroups.count()).toBe(0);
  });

  it('answers OVERLOADED where no more files can be opened, and goes on afterwards', async () => {
    const limits = (await readFile('/proc/self/limits', 'utf8')).match(/^Max open files\s+(\d+)\s+(\d+)/m)!;
    const prlimit = ['prlimit', '--pid', String(process.pid)].join(' ');
    // Started before: nothing can be started to lift the limit again.
    const lifter = spawn('/bin/sh', ['-c', `read line; ${prlimit} --nofile=${limits[1]}:${limits[2]}`]);
    const unhandled: unknown[] = [];
    const note = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', note);
    await promisify(execFile)('/bin/sh', ['-c', `${prlimit} --nofile=3:${limits[2]}`]);
    const failure = await runChild(sh('true')).catch((error: unknown) => error);
    lifter.stdin.end('now\n');
    await once(lifter, 'exit');
    await setImmediate();
    process.off('unhandledRejection', note);
    expect(failure).toMatchObject({ code: 'OVERLOADED', retryable: true, cause: { code: 'EMFILE' } });
    expect(unhandled).toEqual([]);
    expect(await runChild(sh('true'))).toMatchObject({ cause: 'exit', code: 0 });
    expect(LiveGroups.count()).toBe(0);
  });

  it('leaves nothing on a leash running when its starter is killed', async () => {
    const { program, args } = await leashed('/bin/sleep', ['600']);
    expect(program).toBe('/usr/bin/setpriv');
    const words = JSON.stringify([program, args]);
    const source = `const [program, args] = ${words};
      const { pid } = require('node:child_process').spawn(program, args, { detached: true, stdio: 'ignore' });
      console.log(pid); setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(starter.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const isSleep = async (): Promise<boolean> =>
      (await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')).includes('(sleep)');
    const until = performance.now() + 5_000;
    while (!(await isSleep()) && performance.now() < until) await setImmediate();
    expect(await isSleep()).toBe(true);
    starter.kill('SIGKILL');
    expect(await goes(pid)).toBe(true);
  });
});
