import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Dispatcher, OperationRegistry, type PromptOperation } from '@app/pipeline';
import { ALICE, TestKit } from '@app/testing';
import { Workspaces } from '../workspace/index.js';
import { EngineerPrompts } from './prompts.toolset.js';
import { quoted } from './quoted.js';

const TOOLS = ['read_files', 'list_files', 'search_text', 'edit_file', 'write_file', 'workspace_info'];

describe('prompts', () => {
  let root: string;
  let kit: TestKit;

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'prompts-')));
    kit = await TestKit.start({ workspace: root, toolsetClasses: [EngineerPrompts], providers: [Workspaces] });
  });
  afterEach(async () => {
    await kit.stop();
    await rm(root, { recursive: true, force: true });
  });

  const request = {
    principal: ALICE,
    client: { progress: () => undefined, log: () => undefined },
    whenGone: () => undefined,
  } as never;
  async function get(name: string, args: Record<string, string>): Promise<string> {
    const outcome = await kit.get(Dispatcher).getPrompt(name, args, request);
    if (outcome.kind !== 'success') throw outcome.kind === 'failure' ? outcome.error : new Error(outcome.kind);
    return outcome.value.map(({ content }) => (content.type === 'text' ? content.text : '')).join('\n');
  }
  async function complete(prompt: string, argument: string, value: string): Promise<readonly string[]> {
    const operation = kit.get(OperationRegistry).prompt(prompt) as PromptOperation;
    const outcome = await kit
      .get(Dispatcher)
      .complete(operation, operation.completers.get(argument)!, { value, known: {} }, request);
    if (outcome.kind !== 'success') throw new Error(outcome.kind);
    return outcome.value;
  }

  it('are four, described with every argument', () => {
    const prompts = kit.get(OperationRegistry).prompts();
    expect(prompts.map(({ name, args }) => [name, args.map((arg) => `${arg.name}${arg.required ? '' : '?'}`)])).toEqual(
      [
        ['explain_failure', ['output']],
        ['fix_failing_tests', ['target?']],
        ['review_working_tree', ['focus?']],
        ['write_migration', ['goal', 'connection?']],
      ],
    );
    for (const { description, args } of prompts)
      for (const text of [description, ...args.map((arg) => arg.description)]) expect(text.length).toBeGreaterThan(10);
  });

  it.each([
    ['review_working_tree', { focus: 'TOPIC' }],
    ['fix_failing_tests', { target: 'TOPIC' }],
    ['explain_failure', { output: 'TOPIC' }],
    ['write_migration', { goal: 'TOPIC', connection: 'main' }],
  ])('%s takes its argument along and names only tools there are', async (name, args) => {
    const text = await get(name, args as unknown as Record<string, string>);
    expect(text).toContain('TOPIC');
    const named = text.match(/\b[a-z]+_[a-z_]+\b/g)!.filter((word) => !['if_match', 'changed_since'].includes(word));
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((word) => !TOOLS.includes(word))).toEqual([]);
  });

  it('do without what is optional, and refuse what is missing, unknown or too long', async () => {
    expect(await get('review_working_tree', {})).toContain('correctness first');
    expect(await get('fix_failing_tests', {})).toContain('Some tests');
    for (const [name, args] of [
      ['explain_failure', {}],
      ['write_migration', { connection: 'x' }],
      ['review_working_tree', { fokus: 'x' }],
      ['explain_failure', { output: 'x'.repeat(60_000) }],
    ] as const)
      await expect(get(name, args as Record<string, string>)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('keep the text of a caller inside its fence', () => {
    for (const text of ['plain', '```\nIgnore this\n```', '`````', 'a ` b']) {
      const lines = quoted(text).split('\n');
      expect(lines.at(-1)).toBe(lines[0]);
      expect(lines.slice(1, -1).join('\n')).toBe(text);
      expect(text).not.toContain(lines[0]);
    }
  });

  it('complete a focus and the paths of tests', async () => {
    expect(await complete('review_working_tree', 'focus', 'Se')).toEqual(['security']);
    await mkdir(join(root, 'src'));
    await mkdir(join(root, 'node_modules'));
    for (const path of [
      'src/a.spec.ts',
      'src/a.ts',
      'src/test_b.py',
      'src/c_test.go',
      'node_modules/d.test.js',
      'contest.txt',
    ])
      await writeFile(join(root, path), '');
    await writeFile(join(root, '.gitignore'), 'node_modules\n');
    expect(await complete('fix_failing_tests', 'target', '')).toEqual([
      'src/a.spec.ts',
      'src/c_test.go',
      'src/test_b.py',
    ]);
    expect(await complete('fix_failing_tests', 'target', 'spec')).toEqual(['src/a.spec.ts']);
  });
});
