import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { describe, expect, it } from '@jest/globals';
import { Limits } from '@app/config';
import { Dispatcher, OperationRegistry, type ToolOperation } from '@app/pipeline';
import { ALICE } from '@app/testing';
import { CALL_LIMITS } from './security/limit-tests/calls.js';
import { CHANGING_LIMITS } from './security/limit-tests/changing.js';
import { EDGE_LIMITS } from './security/limit-tests/edge.js';
import { codeOf, type LimitTests, withTools } from './security/limit-tests/limit-test.js';
import { READING_LIMITS } from './security/limit-tests/reading.js';
import { SESSION_LIMITS } from './security/limit-tests/sessions.js';
import { beyond, boundsIn, valueAt, withValue } from './security/limit-tests/schema-bounds.js';
import type { JsonSchema } from './security/values-of.js';

const root = join(import.meta.dirname, '..');
const TESTED: LimitTests = { ...EDGE_LIMITS, ...SESSION_LIMITS, ...CALL_LIMITS, ...READING_LIMITS, ...CHANGING_LIMITS };

/** Limits that are shown elsewhere: why not here, and the file that names them. */
const ELSEWHERE: Partial<Record<keyof Limits, { readonly why: string; readonly file: string }>> = {
  answerBacklogBytes: {
    why: 'what a client has not read is counted behind the buffers of the system',
    file: 'libs/transport/src/http/answer-budget.spec.ts',
  },
  answerBacklogSmallBytes: {
    why: 'what a client has not read is counted behind the buffers of the system',
    file: 'libs/transport/src/http/answer-budget.spec.ts',
  },
  stdioLineBytes: {
    why: 'shown where lines are cut, exactly',
    file: 'libs/transport/src/stdio/line-guard.spec.ts',
  },
  taskDeadlineMs: {
    why: 'a time, shown with tasks that outlive it',
    file: 'libs/transport/src/tasks/task-runner.spec.ts',
  },
  tasksRunning: { why: 'not a refusal: tasks beyond it wait', file: 'libs/transport/src/tasks/task-runner.spec.ts' },
  taskPollMs: {
    why: 'no bound: what clients are told of how often to ask',
    file: 'libs/transport/src/protocol/tool.handler.ts',
  },
  requestStateTtlS: {
    why: 'a time, shown with a clock that is set',
    file: 'libs/transport/src/protocol/request-state.spec.ts',
  },
  unauthenticatedPerMinute: {
    why: 'counted by address, behind a real port',
    file: 'test/callers/access.e2e-spec.ts',
  },
  verifiedTokens: {
    why: 'no bound for callers: beyond it a token is verified once more',
    file: 'libs/security/src/authentication/verified-tokens.spec.ts',
  },
  sameFailurePauseMs: { why: 'a time, shown with one that is over at once', file: 'test/wcgw/gates.e2e-spec.ts' },
  cachedResults: { why: 'held by the cache, exactly', file: 'libs/pipeline/src/around/result-cache.spec.ts' },
  cachedResultBytes: { why: 'held by the cache, exactly', file: 'libs/pipeline/src/around/result-cache.spec.ts' },
  listMs: { why: 'a time, shown with one that is over at once', file: 'libs/tools/src/listing/list-files.spec.ts' },
  searchMs: { why: 'a time, shown with a search that is killed', file: 'libs/tools/src/search/search-text.spec.ts' },
};

/** Limits that nothing in the product reads: what they promise is not kept by them. There is no reason to have one. */
const UNUSED: readonly (keyof Limits)[] = [];

const NAMES = Object.keys(new Limits()) as (keyof Limits)[];
const uncovered = (names: readonly string[]): string[] =>
  names.filter((name) => !(name in TESTED) && !(name in ELSEWHERE) && !(UNUSED as readonly string[]).includes(name));

const sources = ['libs', 'apps'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('spec.ts') && !file.endsWith('config/src/settings.ts'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8')),
);
const isRead = (name: string): boolean =>
  sources.some((source) => new RegExp(`\\.${name}\\b|[{,]\\s*${name}\\s*[,:}]|'${name}'`).test(source));

describe('a limit', () => {
  it.each(Object.entries(TESTED))('%s: exactly so much passes, one more does not', (_name, test) => test());

  it('is tested, or there is a reason why not', () => {
    expect(uncovered(NAMES)).toEqual([]);
    expect(uncovered([...NAMES, 'plantedBytes'])).toEqual(['plantedBytes']);
  });

  it('is covered once, and is one', () => {
    const covered = [...Object.keys(TESTED), ...Object.keys(ELSEWHERE), ...UNUSED];
    expect(covered.toSorted()).toEqual(NAMES.toSorted());
  });

  it.each(Object.entries(ELSEWHERE))('%s is named where it is said to be shown', (name, { file }) => {
    expect([existsSync(join(root, file)), readFileSync(join(root, file), 'utf8').includes(name)]).toEqual([true, true]);
  });

  it('is read by the product, unless it is known to be unused', () => {
    expect(NAMES.filter((name) => !isRead(name))).toEqual(UNUSED);
  });
});

/** Arguments of each tool that are valid and have a value at every place with a bound. */
const VALID: Record<string, unknown> = {
  edit_file: { path: 'a.txt', edits: [{ old: 'x', new: 'x', expected_count: 1 }] },
  list_files: { depth: 1, changed_since: '2026-01-01' },
  read_files: { items: [{ path: 'a.txt' }], max_bytes: 1 },
  search_text: { query: 'x', include: ['*'], exclude: ['y'], context: 0, max_results: 1 },
  workspace_info: {},
  write_file: { path: 'a.txt', content: 'x' },
};

describe('a bound in a schema', () => {
  it('is met exactly and refused one beyond, for every tool', async () => {
    let shown = 0;
    await withTools({}, { 'a.txt': 'x' }, async (kit) => {
      for (const tool of kit.get(OperationRegistry).tools()) {
        expect([tool.name, accepts(tool, VALID[tool.name])]).toEqual([tool.name, true]);
        for (const bound of boundsIn(tool.name, tool.definition.inputSchema as JsonSchema)) {
          const at = (count: number): unknown =>
            withValue(VALID[tool.name], bound.path, valueAt(bound, count, elementOf(VALID[tool.name], bound.path)));
          expect([bound, accepts(tool, at(bound.bound)), accepts(tool, at(beyond(bound)))]).toEqual([
            bound,
            true,
            false,
          ]);
          if (beyond(bound) >= 0)
            expect([bound, await codeOf(kit, tool.name, at(beyond(bound)))]).toEqual([bound, 'INVALID_ARGUMENT']);
          shown++;
        }
      }
    });
    expect(shown).toBeGreaterThanOrEqual(25);
  });
});

describe('a bound of a prompt', () => {
  it('is met exactly and refused one beyond, for every argument of every prompt', () =>
    withTools({}, {}, async (kit) => {
      const request = { principal: ALICE, client: { progress: () => undefined, log: () => undefined } };
      for (const { name, args, input } of kit.get(OperationRegistry).prompts()) {
        const valid = Object.fromEntries(args.map((arg) => [arg.name, 'x']));
        const bounds = boundsIn(name, z.toJSONSchema(input!) as JsonSchema);
        expect(bounds.map(({ path, keyword }) => [...path, keyword])).toEqual(
          args.map((arg) => [arg.name, 'maxLength']),
        );
        for (const bound of bounds) {
          const codeAt = async (count: number): Promise<string> => {
            const outcome = await kit
              .get(Dispatcher)
              .getPrompt(name, withValue(valid, bound.path, 'x'.repeat(count)), request);
            return outcome.kind === 'failure' ? outcome.error.code : outcome.kind;
          };
          expect([bound, await codeAt(bound.bound), await codeAt(beyond(bound))]).toEqual([
            bound,
            'success',
            'INVALID_ARGUMENT',
          ]);
        }
      }
    }));
});

const accepts = ({ input }: ToolOperation, value: unknown): boolean =>
  input?.safeParse(value).success ?? Object.keys(value as object).length === 0;

/** What stands at a place in valid arguments, if that is an array: its first element. */
function elementOf(args: unknown, path: readonly string[]): unknown {
  const found = path.reduce<unknown>(
    (value, name) => (name === '[]' ? (value as unknown[])[0] : (value as Record<string, unknown>)?.[name]),
    args,
  );
  return Array.isArray(found) ? (found as unknown[])[0] : undefined;
}
