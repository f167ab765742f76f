import { tmpdir } from 'node:os';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { describe, expect, it } from '@jest/globals';
import { ServerProcess } from '../support/server-process.js';
import { TestRepository } from '../support/test-repository.js';
import { stdioLaunch } from './launch.js';
import { SdkClient } from './sdk-client.js';
import { walkthrough } from './walkthrough.js';

const newClient = (): Client => new Client({ name: 'sdk-v1', version: '1.0.0' });

/** What most installed clients run today. */
describe('@modelcontextprotocol/sdk', () => {
  it('works over stdio', async () => {
    await using repository = await TestRepository.create();
    const transport = new StdioClientTransport({ ...stdioLaunch(repository.root), cwd: tmpdir(), stderr: 'ignore' });
    const client = new SdkClient(newClient());
    await client.client.connect(transport);
    const pid = transport.pid!;
    try {
      expect(client.client.getServerVersion()?.name).toBe('mcp-software-engineer');
      await walkthrough(client, repository);
    } finally {
      await client.close();
    }
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('works over HTTP, and ends its session', async () => {
    await using repository = await TestRepository.create();
    const server = await ServerProcess.start({ workspace: repository.root, env: { TOOLSETS: 'all' } });
    try {
      const transport = new StreamableHTTPClientTransport(new URL(server.url));
      const client = new SdkClient(newClient(), () => transport.terminateSession());
      await client.client.connect(transport as Transport);
      const session = { 'mcp-session-id': transport.sessionId!, accept: 'text/event-stream' };
      expect(transport.protocolVersion).toBe('2025-11-25');
      await walkthrough(client, repository);
      await client.close();
      expect((await fetch(server.url, { headers: session })).status).toBe(404);
    } finally {
      expect(await server.stop()).toBe(0);
    }
  });
});
