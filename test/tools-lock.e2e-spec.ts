import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compareTools, listChanges, lockTools, renewToolTable, type ToolsLock } from '@app/operations';
import type { ToolDefinition } from '@app/pipeline';
import { modernRequest, openSession, post } from './support/mcp-messages.js';
import { PRODUCT, ServerProcess } from './support/server-process.js';

const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../tools.lock.json'), 'utf8')) as ToolsLock;
let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({
    workspace: mkdtempSync(join(tmpdir(), 'tools-lock-')),
    env: { TOOLSETS: 'all' },
  });
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
    // The first tells what breaks, the others miss nothing.
    expect(listChanges(compareTools(lock, now))).toBe('');
    expect(now).toEqual(lock);
    expect(Object.keys(now.tools)).toEqual(Object.keys(lock.tools));
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

  it('has the fingerprints the server publishes, so that a gateway notices a tool that has changed', async () => {
    const { headers, body } = modernRequest('resources/read', { uri: 'tools://lock' });
    const { message } = await post(server.url, body, headers);
    const [{ text }] = (message.result as { contents: [{ text: string }] }).contents;
    const { tools } = JSON.parse(text) as { tools: Record<string, string> };
    expect(tools).toEqual(
      Object.fromEntries(Object.entries(lock.tools).map(([name, { fingerprint }]) => [name, fingerprint])),
    );
    // As a gateway computes it that sorts the names itself.
    const sorted = (value: unknown): unknown =>
      typeof value !== 'object' || value === null || Array.isArray(value)
        ? Array.isArray(value)
          ? value.map(sorted)
          : value
        : Object.fromEntries(
            Object.entries(value)
              .sort(([one], [other]) => (one < other ? -1 : 1))
              .map(([name, field]) => [name, sorted(field)]),
          );
    for (const definition of await served())
      expect(tools[definition.name]).toBe(hash('sha256', JSON.stringify(sorted(definition))));
  });
});

describe('tools lock --check', () => {
  const check = (...args: string[]) =>
    spawnSync(process.execPath, [PRODUCT, 'tools', 'lock', '--check', ...args], { encoding: 'utf8' });

  it('says nothing and leaves with 0 where the lock is up to date', () => {
    const { status, stdout, stderr } = check();
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });

  it('names what breaks since another lock, and leaves with 1', () => {
    const [name, { definition }] = Object.entries(lock.tools)[0]!;
    const before = structuredClone(lock.tools) as Record<string, { definition: ToolDefinition }>;
    const properties = { ...(definition.inputSchema['properties'] as object), gone: { type: 'string' } };
    before[name] = lockTools([{ ...definition, inputSchema: { ...definition.inputSchema, properties } }]).tools[name]!;
    const file = join(mkdtempSync(join(tmpdir(), 'lock-')), 'old.json');
    writeFileSync(file, JSON.stringify({ tools: before }));
    const { status, stdout } = check('--against', file);
    expect([status, stdout]).toEqual([1, `BREAKING ${name}  input.gone: removed\n`]);
  });

  it('leaves with 78 where there is no lock', () => {
    const { status, stderr } = check('--against', '/nowhere/tools.lock.json');
    expect([status, stderr]).toEqual([78, expect.stringContaining('cannot be read (ENOENT)')]);
  });
});
