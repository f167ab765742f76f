import type { VersionNegotiationMode } from '@modelcontextprotocol/client';
import { describe, expect, it } from '@jest/globals';
import { ServerProcess } from '../support/server-process.js';
import { TestRepository } from '../support/test-repository.js';
import { connectHttp, connectStdio } from './sdk-v2.js';
import { walkthrough } from './walkthrough.js';

const MODES: [string, VersionNegotiationMode, string][] = [
  ['legacy', 'legacy', '2025-11-25'],
  ['auto', 'auto', '2026-07-28'],
  ['pinned modern', { pin: '2026-07-28' }, '2026-07-28'],
];

describe.each(MODES)('@modelcontextprotocol/client, %s', (_name, mode, version) => {
  it('works over stdio', async () => {
    await using repository = await TestRepository.create();
    const client = await connectStdio(repository.root, mode);
    try {
      expect(client.client.getNegotiatedProtocolVersion()).toBe(version);
      expect(client.client.getServerVersion()?.name).toBe('mcp-software-engineer');
      await walkthrough(client, repository);
    } finally {
      await client.close();
    }
    expect(() => process.kill(client.pid, 0)).toThrow('ESRCH');
  });

  it('works over HTTP', async () => {
    await using repository = await TestRepository.create();
    const server = await ServerProcess.start({ workspace: repository.root, env: { TOOLSETS: 'all' } });
    try {
      const client = await connectHttp(server.url, mode);
      expect(client.client.getNegotiatedProtocolVersion()).toBe(version);
      await walkthrough(client, repository);
      await client.close();
    } finally {
      expect(await server.stop()).toBe(0);
    }
  });
});
