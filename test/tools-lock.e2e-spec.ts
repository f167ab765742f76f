import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lockTools, renewToolTable } from '@app/operations';
import type { ToolDefinition } from '@app/pipeline';
import { modernRequest, openSession, post } from './support/mcp-messages.js';
import { ServerProcess } from './support/server-process.js';

const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../tools.lock.json'), 'utf8')) as unknown;
let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({ workspace: tmpdir(), env: { TOOLSETS: 'all' } });
});
afterAll(() => server.stop());

async function served(): Promise<ToolDefinition[]> {
  const { headers, body } = modernRequest('tools/list');
  const { message } = await post(server.url, body, headers);
  return message.result!['tools'] as ToolDefinition[];
}

describe('tools.lock.json', () => {
  it('is what the running server serves, in the same order (npm run tools:lock renews it)', async () => {
    const now = lockTools(await served());
    expect(now).toEqual(lock);
    expect(Object.keys(now.tools)).toEqual(Object.keys((lock as typeof now).tools));
  });

  it('stands behind the table in the README', async () => {
    const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
    expect(renewToolTable(readme, await served())).toBe(readme);
  });

  it('differs when a definition changes by one letter', async () => {
    const [first, ...rest] = await served();
    expect(lockTools([{ ...first!, description: `${first!.description}.` }, ...rest])).not.toEqual(lock);
  });

  it('is the same in the older era', async () => {
    const session = await openSession(server.url);
    const { message } = await post(
      server.url,
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      session,
    );
    expect(lockTools(message.result!['tools'] as ToolDefinition[])).toEqual(lock);
  });

  it('is byte for byte the same list a hundred times', async () => {
    const first = JSON.stringify(await served());
    for (let turn = 0; turn < 100; turn++) expect(JSON.stringify(await served())).toBe(first);
  });

  it('costs a client at most 16 KB without output schemas', async () => {
    const charged = (await served()).map(({ outputSchema: _output, ...rest }) => rest);
    expect(Buffer.byteLength(JSON.stringify(charged))).toBeLessThanOrEqual(16_384);
  });
});
