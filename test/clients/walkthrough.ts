import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { changedPaths, sha256, type TestRepository } from '../support/test-repository.js';
import {
  CRLF_FILE,
  CRLF_FILE_LINES,
  EXECUTABLES,
  FILES,
  NEEDLE,
  ODD_NAME,
  PNG,
} from '../support/test-repository.files.js';
import type { AgentClient, Json } from './agent-client.js';

/** The workspace's name in every test of a client. */
export const WORKSPACE = 'ws';

const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../../tools.lock.json'), 'utf8')) as { tools: Json };
const CORE_TOOLS = ['edit_file', 'list_files', 'read_files', 'search_text', 'workspace_info', 'write_file'];
const PROMPTS = ['explain_failure', 'fix_failing_tests', 'review_working_tree', 'write_migration'];
const TEMPLATE = 'workspace://{workspace}/{+path}';
const READ = [CRLF_FILE, 'assets/pixel.png', 'text/utf16be.txt', 'nothing', 'links/file-outside.txt'];
const OLD_RATE = 'TaxRate = 0.16m;';
const NEW_RATE = 'TaxRate = 0.19m; // § 12 UStG 😀';

const uriOf = (path: string): string => `workspace://${WORKSPACE}/${path.split('/').map(encodeURIComponent).join('/')}`;
const IGNORED = /^(?:node_modules|build|packages\/one\/generated)\/|^debug\.log$|^packages\/one\/local\.json$/;
const LISTED = [...FILES.keys(), ...EXECUTABLES.keys()].filter((path) => !IGNORED.test(path));

async function structured(client: AgentClient, name: string, args: Json): Promise<Json> {
  const answer = await client.call(name, args);
  expect(answer).toMatchObject({ isError: false, structured: expect.any(Object) });
  return answer.structured!;
}

/**
 * A day's work of an agent through one client: look around, read, search, edit a file with CRLF, and leave every
 * other byte on the disk as it was.
 */
export async function walkthrough(client: AgentClient, repository: TestRepository): Promise<void> {
  const before = await repository.snapshot();
  await seeTools(client);
  await Promise.all([
    lookAround(client, repository),
    useResources(client, repository),
    usePrompts(client),
    client.complete !== undefined && useCompletion(client),
  ]);
  expect(changedPaths(before, await repository.snapshot())).toEqual([]);

  const edited = await edit(client, repository);
  const after = await repository.snapshot();
  expect(changedPaths(before, after)).toEqual([CRLF_FILE]);
  expect(after.get(CRLF_FILE)).toBe(`100644 ${sha256(edited)}`);
  expect(await repository.git('status', '--porcelain')).toBe(` M ${CRLF_FILE}\n`);
}

/** Also makes the SDK's clients check every later answer against the schemas they got here. */
async function seeTools(client: AgentClient): Promise<void> {
  const tools = await client.tools();
  expect(tools.map(({ name }) => name)).toEqual(Object.keys(lock.tools));
  expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(CORE_TOOLS));
  for (const { description, inputSchema, outputSchema, annotations } of tools) {
    expect(description).toBeTruthy();
    expect(inputSchema.type).toBe('object');
    expect(outputSchema).toBeDefined();
    expect(annotations).toMatchObject({
      readOnlyHint: expect.any(Boolean),
      destructiveHint: expect.any(Boolean),
      idempotentHint: expect.any(Boolean),
      openWorldHint: expect.any(Boolean),
    });
  }
}

async function lookAround(client: AgentClient, repository: TestRepository): Promise<void> {
  const [listed, found, read] = await Promise.all([
    structured(client, 'list_files', { glob: 'windows/**' }),
    structured(client, 'search_text', { query: NEEDLE }),
    client.call('read_files', { items: READ.map((path) => ({ path })) }),
  ]);
  expect((listed['entries'] as Json[]).map(({ path }) => path)).toEqual([
    CRLF_FILE,
    'windows/Program.cs',
    'windows/build.bat',
  ]);
  const line = CRLF_FILE_LINES.findIndex((text) => text.includes(NEEDLE));
  expect(found['matches']).toEqual([
    expect.objectContaining({ path: CRLF_FILE, line: line + 1, column: CRLF_FILE_LINES[line]!.indexOf(NEEDLE) + 1 }),
  ]);

  const bytes = await repository.bytes(CRLF_FILE);
  const utf16 = await repository.bytes('text/utf16be.txt');
  expect(read.structured!['items']).toEqual([
    expect.objectContaining({ path: CRLF_FILE, content: bytes.toString(), sha256: sha256(bytes), eol: 'crlf' }),
    expect.objectContaining({ path: 'assets/pixel.png', encoding: 'media', sha256: sha256(PNG) }),
    expect.objectContaining({ content: 'sixteen\nbits\n', sha256: sha256(utf16) }),
    expect.objectContaining({ path: 'nothing', error: expect.objectContaining({ code: 'NOT_FOUND' }) }),
    { path: 'links/file-outside.txt', error: expect.objectContaining({ code: 'SYMLINK_ESCAPE' }) },
  ]);
  expect(read.content).toContainEqual(expect.objectContaining({ type: 'image', data: PNG.toString('base64') }));
}

async function useResources(client: AgentClient, repository: TestRepository): Promise<void> {
  const [uris, templates, picture, odd] = await Promise.all([
    client.resources(),
    client.templates(),
    client.read(uriOf('assets/pixel.png')),
    client.read(uriOf(ODD_NAME)),
  ]);
  expect(uris.toSorted()).toEqual(['tools://lock', 'wcgw://register', ...LISTED.map(uriOf)].toSorted());
  expect(templates).toContain(TEMPLATE);
  expect(picture).toEqual([expect.objectContaining({ mimeType: 'image/png', blob: PNG.toString('base64') })]);
  const text = (await repository.bytes(ODD_NAME)).toString();
  expect(odd).toEqual([expect.objectContaining({ uri: uriOf(ODD_NAME), text })]);
}

async function usePrompts(client: AgentClient): Promise<void> {
  const [names, text] = await Promise.all([
    client.prompts(),
    client.prompt('review_working_tree', { focus: 'error handling' }),
  ]);
  expect(names).toEqual(expect.arrayContaining(PROMPTS));
  expect(text).toContain('error handling');
}

async function useCompletion(client: AgentClient): Promise<void> {
  const path = { name: 'path', value: 'windows/I' };
  expect(await client.complete!({ template: TEMPLATE }, path)).toEqual([CRLF_FILE]);
  const focus = { name: 'focus', value: 'se' };
  expect(await client.complete!({ prompt: 'review_working_tree' }, focus)).toEqual(['security']);
}

/** One edit of one line, one more with what was known before it, and a look at the file. @returns the bytes it must have */
async function edit(client: AgentClient, repository: TestRepository): Promise<Buffer> {
  const before = await repository.bytes(CRLF_FILE);
  const expected = Buffer.from(before.toString().replace(OLD_RATE, NEW_RATE));
  expect(expected.equals(before)).toBe(false);
  const args = { path: CRLF_FILE, edits: [{ old: OLD_RATE, new: NEW_RATE }], if_match: sha256(before) };

  const edited = await structured(client, 'edit_file', args);
  expect(edited).toMatchObject({ path: CRLF_FILE, status: 'edited', sha256: sha256(expected), replaced: [1] });
  expect(edited['diff']).toContain(NEW_RATE);
  expect(await repository.bytes(CRLF_FILE)).toEqual(expected);

  const [stale, read] = await Promise.all([
    client.call('edit_file', { ...args, edits: [{ old: 'namespace', new: 'NAMESPACE' }] }),
    client.read(uriOf(CRLF_FILE)),
  ]);
  expect(stale).toMatchObject({ isError: true, code: 'CONFLICT', structured: undefined });
  expect(read).toEqual([expect.objectContaining({ uri: uriOf(CRLF_FILE), text: expected.toString() })]);
  return expected;
}
