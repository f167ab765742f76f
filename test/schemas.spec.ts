import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { Dispatcher, OperationRegistry, type ToolOperation } from '@app/pipeline';
import { ALICE, TestKit } from '@app/testing';
import { ToolsModule } from '@app/tools';
import { differences } from './security/tree-snapshot.js';
import { mutated } from './security/mutated.js';
import { type JsonSchema, valuesOf } from './security/values-of.js';
import { World } from './security/world.js';

const TOOLS = ['edit_file', 'list_files', 'read_files', 'search_text', 'workspace_info', 'write_file'];
const SEED = 20_260_728;
const RUNS = 2_000;
const CALLS = 400;

const world = new World();
const ajv = new Ajv2020({ strict: true });
let kit: TestKit;
let registry: OperationRegistry;
beforeAll(async () => {
  kit = await TestKit.start({ workspace: world.workspace, toolsetClasses: [], imports: [ToolsModule] });
  registry = kit.get(OperationRegistry);
});
afterAll(async () => {
  await kit.stop();
  await world.dispose();
});

/** What a schema cannot say, and the server enforces all the same. Each has an example that shows that it is needed. */
interface Exception {
  readonly why: string;
  readonly applies: (value: unknown) => boolean;
  readonly example: readonly [tool: string, value: unknown];
}
interface ReadItem {
  readonly start_line?: number;
  readonly end_line?: number;
  readonly tail?: number;
}
const itemsIn = (value: unknown): ReadItem[] => (value as { items?: ReadItem[] }).items ?? [];
const EXCEPTIONS: readonly Exception[] = [
  {
    why: 'a tail is no range',
    applies: (value) =>
      itemsIn(value).some(
        ({ tail, start_line, end_line }) => tail !== undefined && (start_line ?? end_line) !== undefined,
      ),
    example: ['read_files', { items: [{ path: 'a.txt', tail: 1, end_line: 2 }] }],
  },
  {
    why: 'a range does not run backwards',
    applies: (value) => itemsIn(value).some(({ start_line = 1, end_line = Infinity }) => start_line > end_line),
    example: ['read_files', { items: [{ path: 'a.txt', start_line: 2, end_line: 1 }] }],
  },
];

function validatorsOf({ name, definition }: ToolOperation): { input: ValidateFunction; output?: ValidateFunction } {
  const { inputSchema, outputSchema } = definition;
  expect(name).toBe(definition.name);
  return { input: ajv.compile(inputSchema), ...(outputSchema && { output: ajv.compile(outputSchema) }) };
}
/** The verdict of what the pipeline validates with; a tool without a schema takes no argument. */
function isEnforced({ input }: ToolOperation, value: unknown): boolean {
  if (input !== undefined) return input.safeParse(value).success;
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
const inputsOf = ({ definition }: ToolOperation): fc.Arbitrary<unknown> => {
  const values = valuesOf(definition.inputSchema as JsonSchema);
  return fc.oneof({ weight: 2, arbitrary: values }, { weight: 1, arbitrary: mutated(values) });
};

describe('the published input schema', () => {
  it.each(TOOLS)('of %s says what is enforced', (name) => {
    const tool = registry.tool(name)!;
    const { input } = validatorsOf(tool);
    const verdicts = { valid: 0, invalid: 0, exceptional: 0 };
    fc.assert(
      fc.property(inputsOf(tool), (value) => {
        const [published, enforced] = [input(value), isEnforced(tool, value)];
        const isExceptional = published !== enforced && published && EXCEPTIONS.some(({ applies }) => applies(value));
        verdicts[isExceptional ? 'exceptional' : enforced ? 'valid' : 'invalid']++;
        return published === enforced || isExceptional;
      }),
      { seed: SEED, numRuns: RUNS },
    );
    // Both kinds were met often, or their agreement says nothing.
    for (const kind of ['valid', 'invalid'] as const) expect([kind, verdicts[kind] > RUNS / 6]).toEqual([kind, true]);
    expect(verdicts.exceptional).toBeLessThan(RUNS / 3);
  });

  it.each(EXCEPTIONS.map(({ why, ...rest }) => [why, rest] as const))(
    'leaves out that %s',
    (_why, { applies, example: [name, value] }) => {
      const tool = registry.tool(name)!;
      expect([validatorsOf(tool).input(value), isEnforced(tool, value), applies(value)]).toEqual([true, false, true]);
    },
  );

  it('is told apart from a schema that says something else', () => {
    const tool = registry.tool('search_text')!;
    const other = structuredClone(tool.definition.inputSchema) as { properties: { context: { maximum: number } } };
    other.properties.context.maximum = 6;
    const validate = ajv.compile(other);
    expect(() =>
      fc.assert(
        fc.property(inputsOf(tool), (value) => validate(value) === isEnforced(tool, value)),
        { seed: SEED, numRuns: RUNS },
      ),
    ).toThrow('Property failed');
  });
});

describe('real calls', () => {
  it.each(TOOLS)('of %s are refused as published, answer as published, and do not break', async (name) => {
    const tool = registry.tool(name)!;
    const { output } = validatorsOf(tool);
    const before = { outside: world.outsideSnapshot(), git: world.gitSnapshot(), workspace: world.workspaceSnapshot() };
    const codes = new Map<string, number>();
    const values = fc
      .sample(inputsOf(tool), { seed: SEED, numRuns: CALLS })
      .filter((value) => typeof value === 'object' && value !== null && !Array.isArray(value));
    for (const value of values) {
      const outcome = await kit.call(name, value);
      const code = outcome.kind === 'failure' ? outcome.error.code : outcome.kind;
      codes.set(code, (codes.get(code) ?? 0) + 1);
      if (!isEnforced(tool, value)) expect([code, value]).toEqual(['INVALID_ARGUMENT', value]);
      if (outcome.kind !== 'success') expect(outcome).not.toHaveProperty('value');
      else expect([output!(outcome.value.structured), output!.errors]).toEqual([true, null]);
    }
    expect([...codes.keys()].filter((code) => ['INTERNAL', 'TIMEOUT', 'POLICY_UNAVAILABLE'].includes(code))).toEqual(
      [],
    );
    expect(codes.get('success')).toBeGreaterThan(5);
    expect(differences(before.outside, world.outsideSnapshot())).toEqual([]);
    expect(differences(before.git, world.gitSnapshot())).toEqual([]);
    // What a tool says of itself is true: nothing that it was ever given made it write.
    if (tool.definition.annotations.readOnlyHint)
      expect(differences(before.workspace, world.workspaceSnapshot())).toEqual([]);
    else expect(differences(before.workspace, world.workspaceSnapshot())).not.toEqual([]);
  });
});

describe('every entry point', () => {
  const sources = readdirSync(join(import.meta.dirname, '../libs/tools/src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => readFileSync(join(import.meta.dirname, '../libs/tools/src', file), 'utf8'));
  const declared = (decorator: string): number =>
    sources.join('\n').match(new RegExp(`^ {2}@${decorator}\\(`, 'gm'))?.length ?? 0;
  const request = { principal: ALICE, client: { progress: () => undefined, log: () => undefined } };

  it('that is declared is served, and known to these tests', () => {
    expect(registry.tools().map(({ name }) => name)).toEqual(TOOLS);
    expect([registry.tools().length, registry.prompts().length, registry.resources().length]).toEqual(
      ['Tool', 'Prompt', 'Resource'].map(declared),
    );
  });

  it('of a tool refuses keys it does not know, and says which', async () => {
    for (const { name } of registry.tools()) {
      const { code, message } = await kit.fail(name, { no_such_key: 1 });
      expect([name, code]).toEqual([name, 'INVALID_ARGUMENT']);
      if (registry.tool(name)!.input !== undefined) expect(message).toContain('no_such_key');
    }
  });

  it('of a prompt refuses what its arguments do not allow', async () => {
    const dispatcher = kit.get(Dispatcher);
    const codeOf = async (name: string, input: unknown): Promise<string> => {
      const outcome = await dispatcher.getPrompt(name, input, request);
      return outcome.kind === 'failure' ? outcome.error.code : outcome.kind;
    };
    for (const { name, args } of registry.prompts()) {
      const right = Object.fromEntries(args.filter(({ required }) => required).map((arg) => [arg.name, 'x']));
      expect([name, await codeOf(name, right)]).toEqual([name, 'success']);
      const wrong: unknown[] = [
        { ...right, no_such_argument: 'x' },
        ...args.flatMap((arg) =>
          [7, null, [], 'x'.repeat(1_000_000), '\ud800'].map((value) => ({ ...right, [arg.name]: value })),
        ),
      ];
      if (Object.keys(right).length > 0) wrong.push({});
      for (const input of wrong) expect([name, await codeOf(name, input)]).toEqual([name, 'INVALID_ARGUMENT']);
    }
  });

  it('of a resource refuses what is not below a workspace', async () => {
    const dispatcher = kit.get(Dispatcher);
    expect(registry.resources().map(({ name }) => name)).toEqual([
      'tools://lock',
      'wcgw://register',
      'workspace://{workspace}/{+path}',
    ]);
    expect(await dispatcher.readResource('workspace://ws/a.txt', request)).toMatchObject({ kind: 'success' });
    for (const uri of [
      'workspace://ws/../outside/secret.txt',
      'workspace://other/a.txt',
      'workspace://ws/',
      'workspace://ws/%00',
      'file:///etc/passwd',
      '',
      'x'.repeat(10_000),
    ])
      await expect(dispatcher.readResource(uri, request)).rejects.toThrow('Resource not found');
  });
});

describe('the definitions', () => {
  const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

  it('can be taken by every client: flat, whole, small', () => {
    const definitions = registry.toolDefinitions();
    for (const { name, inputSchema, outputSchema } of definitions)
      for (const schema of [inputSchema, outputSchema]) {
        if (schema === undefined) continue;
        expect([name, schema['type'], ['oneOf', 'anyOf', 'allOf'].filter((keyword) => keyword in schema)]).toEqual([
          name,
          'object',
          [],
        ]);
        expect(JSON.stringify(schema)).not.toMatch(/"\$(?:ref|dynamicRef|schema|id)":/);
      }
    expect(bytes(definitions.map(({ outputSchema: _output, ...rest }) => rest))).toBeLessThanOrEqual(16_384);
  });

  it('describe themselves briefly, and state every hint', () => {
    const definitions = registry.toolDefinitions();
    const lengths = definitions.map(({ description }) => description.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(350);
    expect(lengths.reduce((sum, length) => sum + length, 0) / lengths.length).toBeLessThanOrEqual(150);
    for (const { annotations } of definitions)
      expect(Object.entries(annotations).map(([hint, value]) => [hint, typeof value])).toEqual([
        ['title', 'string'],
        ...['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'].map((hint) => [hint, 'boolean']),
      ]);
  });
});
