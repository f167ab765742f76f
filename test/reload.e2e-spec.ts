import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { callModern, modernRequest } from './support/mcp-messages.js';
import { PRODUCT, ServerProcess } from './support/server-process.js';

const workspace = realpathSync(mkdtempSync(join(tmpdir(), 'reload-')));
const RELOADED = 'policy reloaded';
const KEPT = 'policy kept: the new file has problems';

type Line = Record<string, unknown>;

/** Policy files of their own folder, replaced as an operator's tools do: by a rename. */
function policyFile(text: string): { readonly path: string; write(text: string): void } {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  const path = join(folder, 'policy.yaml');
  const write = (next: string): void => {
    writeFileSync(join(folder, 'next'), next);
    renameSync(join(folder, 'next'), path);
  };
  write(text);
  return { path, write };
}

/** The lines with one of these messages, as soon as there are `count` of them. */
async function linesWhen(count: number, log: () => Line[], ...messages: string[]): Promise<Line[]> {
  for (;;) {
    const found = log().filter(({ msg }) => messages.includes(msg as string));
    if (found.length >= count) return found;
    await new Promise((next) => setTimeout(next, 5));
  }
}

async function runToEnd(args: string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [PRODUCT, ...args], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

describe('SIGHUP over HTTP', () => {
  it('takes a good policy, keeps the old one on a bad file, and goes on serving', async () => {
    const policy = policyFile('tools: { write_file: { limits: { queue: 8 } } }');
    const server = await ServerProcess.start({ workspace, env: { CONFIG_FILE: policy.path } });
    const reloads = (count: number): Promise<Line[]> => linesWhen(count, () => server.log(), RELOADED, KEPT);

    policy.write('policies: { throttle: shadow }');
    server.child.kill('SIGHUP');
    expect(await reloads(1)).toMatchObject([{ msg: RELOADED, level: 'info', changed: true }]);

    policy.write('polices: { throttle: hunter2 }\ntools: { write_file: { enabled: hunter2 } }');
    server.child.kill('SIGHUP');
    const [, kept] = await reloads(2);
    expect(kept).toMatchObject({
      msg: KEPT,
      level: 'warn',
      problems: [
        'polices: not a name that is known here; did you mean policies?',
        'tools.write_file.enabled: enabled must be a boolean value',
      ],
    });
    expect(JSON.stringify(server.log())).not.toContain('hunter2');

    // Had the bad file been taken, in whole or in part, this would be a change.
    policy.write('policies: { throttle: shadow }');
    server.child.kill('SIGHUP');
    expect((await reloads(3))[2]).toMatchObject({ msg: RELOADED, changed: false });

    expect((await callModern(server.url, 'workspace_info')).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });

  it('survives a flood of them, and goes on reading the file', async () => {
    const policy = policyFile('{}');
    const server = await ServerProcess.start({ workspace, env: { CONFIG_FILE: policy.path } });
    for (let count = 1; count <= 50; count++) {
      policy.write(`tools: { write_file: { limits: { queue: ${count} } } }`);
      server.child.kill('SIGHUP');
    }
    await linesWhen(1, () => server.log(), RELOADED);
    expect(server.log().filter(({ msg }) => msg === KEPT)).toEqual([]);
    policy.write('tols: {}');
    server.child.kill('SIGHUP');
    await linesWhen(1, () => server.log(), KEPT);
    expect((await callModern(server.url, 'workspace_info')).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });

  it('without a policy file says so and goes on', async () => {
    const server = await ServerProcess.start({ workspace, env: { CONFIG_FILE: '' } });
    server.child.kill('SIGHUP');
    await linesWhen(1, () => server.log(), 'no policy file to reload; start with --config or CONFIG_FILE to have one');
    expect((await callModern(server.url, 'workspace_info')).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });
});

describe('SIGHUP on stdio', () => {
  it('reloads the file of --config, and the client goes on', async () => {
    const policy = policyFile('{}');
    const args = ['--stdio', '--workspace', workspace, '--config', policy.path];
    const child = spawn(process.execPath, [PRODUCT, ...args], {
      env: { PATH: process.env['PATH'] },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const ask = async (id: number): Promise<void> => {
      child.stdin.write(`${JSON.stringify(modernRequest('tools/list', {}, { id }).message)}\n`);
      while (!out.includes(`"id":${id}`)) await once(child.stdout, 'data');
    };
    const log = (): Line[] =>
      err
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line);
    await ask(1);
    policy.write('policies: { throttle: shadow }');
    child.kill('SIGHUP');
    expect(await linesWhen(1, log, RELOADED, KEPT)).toMatchObject([{ msg: RELOADED, changed: true }]);
    policy.write('');
    child.kill('SIGHUP');
    expect((await linesWhen(2, log, RELOADED, KEPT))[1]).toMatchObject({
      msg: KEPT,
      problems: ['the file is empty; write {} to have no policy'],
    });
    await ask(2);
    const exited = once(child, 'exit');
    child.stdin.end();
    expect(await exited).toEqual([0, null]);
  });
});

describe('a policy file at the start', () => {
  it('that does not fit ends it with 78 and every problem, of the environment too', async () => {
    const { path } = policyFile('policies: { audit: shadow }\ntols: {}');
    const { code, text } = await runToEnd(['--config', path, '--port', 'x']);
    expect([code, ...['PORT', 'policies.audit', 'tols'].map((name) => text.includes(name))]).toEqual([
      78,
      true,
      true,
      true,
    ]);
  });

  it('is checked by config check', async () => {
    const good = policyFile('policies: { throttle: shadow }');
    expect(await runToEnd(['config', 'check', '--config', good.path])).toEqual({
      code: 0,
      text: 'The configuration fits.\n',
    });
    const bad = policyFile('tools: { x: { enabled: false } }\ntools: {}');
    const { code, text } = await runToEnd(['config', 'check', '--config', bad.path]);
    expect([code, text.includes('line 2: a name that its mapping has already')]).toEqual([78, true]);
  });
});
