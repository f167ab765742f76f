import type { VersionNegotiationMode } from '@modelcontextprotocol/client';
import { describe, expect, it } from '@jest/globals';
import type { AgentClient, Json } from './clients/agent-client.js';
import { connectHttp, connectStdio } from './clients/sdk-v2.js';
import { BROKEN_FILE, FAILING_TEST, FailingProject, RIGHT, WRONG } from './support/failing-project.js';
import { ServerProcess } from './support/server-process.js';

/** A tool's structured answer; the failure in words where it failed. */
async function use(client: AgentClient, name: string, args: Json): Promise<Json> {
  const answer = await client.call(name, args);
  if (answer.isError) throw new Error(JSON.stringify(answer.content));
  return answer.structured!;
}

async function search(client: AgentClient, args: Json): Promise<{ path: string; line: number; text: string }[]> {
  return (await use(client, 'search_text', args))['matches'] as { path: string; line: number; text: string }[];
}

async function read(client: AgentClient, item: Json): Promise<{ content: string; sha256: string; eol: string }> {
  const { items } = await use(client, 'read_files', { items: [item] });
  return (items as { content: string; sha256: string; eol: string }[])[0]!;
}

/** From the name of a failing test to the file that makes it fail, as an agent goes that knows nothing but the name. */
async function findCause(client: AgentClient, testName: string): Promise<string> {
  const [assertion, ...others] = await search(client, { query: testName });
  expect(others).toEqual([]);
  const body = await read(client, {
    path: assertion!.path,
    start_line: assertion!.line,
    end_line: assertion!.line + 2,
  });
  const called = /assert\.equal\((\w+)\(/.exec(body.content)![1]!;
  const [entry] = await search(client, { query: `export function ${called}\\b`, literal: false, include: ['src/**'] });
  const imported = [...(await read(client, { path: entry!.path })).content.matchAll(/import \{ (\w+) \}/g)];
  const names = imported.map(([, name]) => name).join('|');
  const suspects = await search(client, { query: `export (function|const) (${names})\\b`, literal: false });
  // The test that fails is the one at the bound.
  const comparing: string[] = [];
  for (const { path } of suspects)
    if (/[<>]=? 100\b/.test((await read(client, { path })).content)) comparing.push(path);
  expect(comparing).toHaveLength(1);
  return comparing[0]!;
}

/** Finds the mistake, mends it, and meets its own stale knowledge; the project's tests say whether it is mended. */
async function mend(client: AgentClient, project: FailingProject): Promise<void> {
  const before = await project.files();
  const failing = await project.test();
  expect(failing).toMatchObject({ exitCode: 1, failed: expect.arrayContaining([FAILING_TEST]) });
  expect(failing.passed).toHaveLength(4);

  const path = await findCause(client, FAILING_TEST);
  expect(path).toBe(BROKEN_FILE);
  const known = await read(client, { path });
  expect(known).toMatchObject({ eol: 'crlf', content: Buffer.from(before[path]!, 'latin1').toString() });

  // Line feeds, as a model writes them, in a file that has none without a carriage return.
  const head = 'export function discountFactor(quantity: number): number {\n  ';
  const edits = [{ old: `${head}${WRONG}`, new: `${head}${RIGHT}` }];
  const edited = await use(client, 'edit_file', { path, edits, if_match: known.sha256 });
  expect(edited).toMatchObject({ status: 'edited', replaced: [1] });
  expect(await search(client, { query: WRONG })).toEqual([]);
  expect(await search(client, { query: RIGHT })).toEqual([expect.objectContaining({ path, line: 3 })]);

  const after = await project.files();
  expect(after).toEqual({ ...before, [path]: before[path]!.replace(WRONG, RIGHT) });
  expect((await read(client, { path })).sha256).toBe(edited['sha256']);
  expect(await project.test()).toMatchObject({
    exitCode: 0,
    failed: [],
    passed: expect.arrayContaining([FAILING_TEST]),
  });

  const late = { path, edits: [{ old: 'return 1;', new: 'return 0;' }], if_match: known.sha256 };
  expect(await client.call('edit_file', late)).toMatchObject({
    isError: true,
    code: 'CONFLICT',
    structured: undefined,
  });
  expect(await project.files()).toEqual(after);
}

const MODES: [string, VersionNegotiationMode][] = [
  ['the 2025 era', 'legacy'],
  ['the newest protocol both know', 'auto'],
];

describe.each(MODES)('an agent that mends a failing test, in %s', (_name, mode) => {
  it('works over stdio', async () => {
    await using project = await FailingProject.create();
    const client = await connectStdio(project.root, mode);
    try {
      await client.tools();
      await mend(client, project);
    } finally {
      await client.close();
    }
  });

  it('works over HTTP', async () => {
    await using project = await FailingProject.create();
    const server = await ServerProcess.start({ workspace: project.root });
    try {
      const client = await connectHttp(server.url, mode);
      await client.tools();
      await mend(client, project);
      await client.close();
    } finally {
      expect(await server.stop()).toBe(0);
    }
  });
});
