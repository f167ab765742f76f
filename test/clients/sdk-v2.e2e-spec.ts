import { tmpdir } from 'node:os';
import { Client, StreamableHTTPClientTransport, type VersionNegotiationMode } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { describe, expect, it } from '@jest/globals';
import { ServerProcess } from '../support/server-process.js';
import { TestRepository } from '../support/test-repository.js';
import { stdioLaunch } from './launch.js';
import { SdkClient } from './sdk-client.js';
import { walkthrough } from './walkthrough.js';

const MODES: [string, VersionNegotiationMode, string][] = [
  ['legacy', 'legacy', '2025-11-25'],
  ['auto', 'auto', '2026-07-28'],
  ['pinned modern', { pin: '2026-07-28' }, '2026-07-28'],
];

const newClient = (mode: VersionNegotiationMode): Client =>
  new Client({ name: 'sdk-v2', version: '1.0.0' }, { versionNegotiation: { mode } });

describe.each(MODES)('@modelcontextprotocol/client, %s', (_name, mode, version) => {
  it('works over stdio', async () => {
    await using repository = await TestRepository.create();
    const transport = new StdioClientTransport({ ...stdioLaunch(repository.root), cwd: tmpdir(), stderr: 'ignore' });
    const client = new SdkClient(newClient(mode));
    await client.client.connect(transport);
    const pid = transport.pid!;
    try {
      expect(client.client.getNegotiatedProtocolVersion()).toBe(version);
      expect(client.client.getServerVersion()?.name).toBe('mcp-software-engineer');
      await walkthrough(client, repository);
    } finally {
      await client.close();
    }
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('works over HTTP', async () => {
    await using repository = await TestRepository.create();
    const server = await ServerProcess.start({ workspace: repository.root, env: { TOOLSETS: 'all' } });
    try {
      const transport = new StreamableHTTPClientTransport(new URL(server.url));
      const client = new SdkClient(newClient(mode), () => transport.terminateSession());
      await client.client.connect(transport);
      expect(client.client.getNegotiatedProtocolVersion()).toBe(version);
      await walkthrough(client, repository);
      await client.close();
    } finally {
      expect(await server.stop()).toBe(0);
    }
  });
});
