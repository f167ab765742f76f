import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Principal } from '@app/mcp';
import { ALICE, BOB, READER, TestKit } from '@app/testing';
import { ToolsModule } from '@app/tools';
import { World } from './world.js';

const world = new World();
let kit: TestKit;
beforeAll(async () => {
  for (let at = 0; at < 40; at++) world.put(`ws/pages/${String(at).padStart(2, '0')}.txt`, 'word\n');
  kit = await TestKit.start({
    workspace: world.workspace,
    toolsetClasses: [],
    imports: [ToolsModule],
    limits: { listEntries: 10 },
  });
});
afterAll(async () => {
  await kit.stop();
  await world.dispose();
});

const QUERIES: [string, Record<string, unknown>][] = [
  ['list_files', { path: 'pages' }],
  ['search_text', { path: 'pages', query: 'word', max_results: 10 }],
];

describe('a cursor (F44)', () => {
  it.each(QUERIES)('of %s opens for its owner, and for nobody else', async (tool, query) => {
    const { next_cursor: cursor } = await kit.succeed(tool, query, { principal: ALICE });
    expect(cursor).toEqual(expect.any(String));
    const answers = await Promise.all(
      [
        { principal: BOB, cursor },
        { principal: READER, cursor },
        { principal: { ...ALICE, tenant: BOB.tenant }, cursor },
        { principal: { ...ALICE, subject: BOB.subject }, cursor },
        { principal: BOB, cursor: 'never-made' },
      ].map((given) => kit.fail(tool, { ...query, cursor: given.cursor }, { principal: given.principal })),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ code: 'INVALID_CURSOR' });
    await kit.succeed(tool, { ...query, cursor }, { principal: ALICE });
  });

  it.each(QUERIES)('of %s opens for no other query, and for no other tool', async (tool, query) => {
    const { next_cursor: cursor } = await kit.succeed(tool, query);
    expect(await kit.fail(tool, { ...query, path: 'src', cursor })).toMatchObject({ code: 'INVALID_CURSOR' });
    for (const [other, its] of QUERIES.filter(([name]) => name !== tool))
      expect(await kit.fail(other, { ...its, cursor })).toMatchObject({ code: 'INVALID_CURSOR' });
  });
});

describe('the audit', () => {
  it.each<[string, Principal, string, string]>([
    ['alice', ALICE, 'PROTECTED_PATH', 'INVALID_ARGUMENT'],
    ['bob', BOB, 'PROTECTED_PATH', 'INVALID_ARGUMENT'],
    ['rita', READER, 'FORBIDDEN', 'FORBIDDEN'],
  ])('names %s and how each of the calls ended, once', async (subject, principal, written, edited) => {
    const start = kit.audit().length;
    await kit.succeed('read_files', { items: [{ path: 'a.txt' }] }, { principal });
    await kit.fail('read_files', { items: [{ path: 'link' }] }, { principal });
    await kit.fail('write_file', { path: '.git/config', content: 'x' }, { principal });
    await kit.fail('edit_file', { path: 'a.txt', edits: [] }, { principal });
    const records = kit.audit().slice(start);
    expect(
      records.filter(({ phase }) => phase === 'outcome').map(({ operation, decision }) => [operation, decision]),
    ).toEqual([
      ['read_files', 'success'],
      ['read_files', 'SYMLINK_ESCAPE'],
      ['write_file', written],
      ['edit_file', edited],
    ]);
    expect(new Set(records.map((record) => `${record.tenant} ${record.subject}`))).toEqual(
      new Set([`${principal.tenant} ${subject}`]),
    );
    expect(JSON.stringify(records)).toContain('a.txt');
  });
});
