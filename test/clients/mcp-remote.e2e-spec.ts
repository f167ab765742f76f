import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, it } from '@jest/globals';
import { ServerProcess } from '../support/server-process.js';
import { TestRepository } from '../support/test-repository.js';
import { SdkClient } from './sdk-client.js';
import { walkthrough } from './walkthrough.js';

const BRIDGE = join(import.meta.dirname, '../../node_modules/mcp-remote/dist/proxy.js');

/** The bridge for clients that speak only stdio to a server that speaks HTTP. */
describe('mcp-remote', () => {
  it.each(['http-only', 'http-first'])('carries stdio to HTTP, %s', async (strategy) => {
    await using repository = await TestRepository.create();
    const home = await mkdtemp(join(tmpdir(), 'mcp-remote-'));
    const server = await ServerProcess.start({ workspace: repository.root, env: { TOOLSETS: 'all' } });
    try {
      const transport = new StdioClientTransport({
        command: process.execPath,
        args: [BRIDGE, server.url, '--allow-http', '--transport', strategy],
        env: { PATH: process.env['PATH'] ?? '', HOME: home, MCP_REMOTE_CONFIG_DIR: join(home, 'config') },
        cwd: home,
        stderr: 'ignore',
      });
      const client = new SdkClient(new Client({ name: 'bridged', version: '1.0.0' }));
      await client.client.connect(transport);
      const pid = transport.pid!;
      try {
        expect(client.client.getServerVersion()?.name).toBe('mcp-software-engineer');
        await walkthrough(client, repository);
      } finally {
        await client.close();
      }
      expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      // It was told where it may write, and asked for no token.
      expect((await readdir(home)).filter((name) => name !== 'config')).toEqual([]);
    } finally {
      expect(await server.stop()).toBe(0);
      await rm(home, { recursive: true, force: true });
    }
  });
});
