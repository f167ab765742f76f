import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { callModern } from './support/mcp-messages.js';
import { PRODUCT, ServerProcess } from './support/server-process.js';

const write = (url: string, path: string) => callModern(url, 'write_file', { path, content: 'x' });

describe('the audit of changes', () => {
  it('is written whatever the log level', async () => {
    const workspace = mkdtempSync(join(tmpdir(), 'audit-'));
    const server = await ServerProcess.start({ workspace, env: { LOG_LEVEL: 'fatal' } });
    expect((await write(server.url, 'a.txt')).text).toContain('created');
    await server.stop();
    expect(server.log().map(({ msg, phase }) => [msg, phase])).toEqual([
      ['audit', 'event'],
      ['audit', 'intent'],
      ['audit', 'outcome'],
    ]);
  });

  it('refuses changes once nobody takes the log any more', async () => {
    const workspace = mkdtempSync(join(tmpdir(), 'audit-'));
    const child = spawn(process.execPath, [PRODUCT, '--port', '0', '--workspace', `ws=${workspace}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, AUDIT_STORE: 'log' },
    });
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
    while (!told.includes('/mcp')) await once(child.stderr, 'data');
    const url = /http:\/\/\S+\/mcp/.exec(told)![0];
    child.stdout.destroy();
    // The first lines meet the closed pipe after they were taken; from then on the loss is known.
    let refused = 0;
    for (let turn = 0; turn < 50 && refused < 3; turn++) {
      const { text } = await write(url, `f${turn}.txt`);
      if (!text.includes('POLICY_UNAVAILABLE')) await new Promise((next) => setTimeout(next, 50));
      else {
        refused++;
        expect([turn, existsSync(join(workspace, `f${turn}.txt`))]).toEqual([turn, text.includes('how it ended')]);
      }
    }
    expect(refused).toBe(3);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});
