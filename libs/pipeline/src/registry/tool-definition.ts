import { z } from 'zod';
import type { ToolOptions } from '@app/mcp';
import type { ToolDefinition } from './operation.js';

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_DESCRIPTION_CHARS = 350;
const NO_ARGUMENTS = { type: 'object', properties: {}, additionalProperties: false };
/** What must not stand in a text a model reads as the operator's: nothing invisible, nothing that leaves the line. */
// oxlint-disable-next-line no-control-regex
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u;

export const snakeCase = (method: string): string => method.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The published form of a tool. The schemas are converted here, once. */
export function defineTool(name: string, options: ToolOptions): ToolDefinition {
  const { title, hints, icons } = options;
  return {
    name,
    title,
    description: options.description,
    inputSchema:
      options.inputJsonSchema ?? (options.input === undefined ? NO_ARGUMENTS : toJsonSchema(options.input, 'input')),
    ...(options.output && { outputSchema: toJsonSchema(options.output, 'output') }),
    annotations: {
      title,
      readOnlyHint: options.risk === 'read',
      destructiveHint: hints.destructive,
      idempotentHint: hints.idempotent,
      openWorldHint: hints.openWorld,
    },
    ...(icons && { icons }),
  };
}

/** JSON Schema 2020-12, the protocol's default dialect, so `$schema` is left out. */
export function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as Record<
    string,
    unknown
  >;
  return rest;
}

/** What is wrong with a definition, in words that say what was expected; empty when nothing is. */
export function problemsOf(name: string, options: ToolOptions): string[] {
  const problems: string[] = [];
  const expect = (holds: boolean, problem: string): void => void (holds || problems.push(`tool ${name}: ${problem}`));
  expect(NAME.test(name), 'a name is 1 to 64 letters, digits, underscores or dashes');
  expect(options.title.trim() !== '', 'a title is missing');
  expect(options.description.trim() !== '', 'a description is missing');
  expect(
    options.description.length <= MAX_DESCRIPTION_CHARS,
    `a description has at most ${MAX_DESCRIPTION_CHARS} characters`,
  );
  expect(
    !INVISIBLE.test(options.title + options.description),
    'title and description have no control or invisible characters',
  );
  expect(
    options.input === undefined || isStrict(options.input),
    'input must be a strict object (z.strictObject), or unknown keys pass unseen',
  );
  expect(
    options.inputJsonSchema === undefined || options.input !== undefined,
    'a published schema needs a zod input that enforces it',
  );
  expect(options.risk !== 'read' || !options.hints.destructive, 'a tool of risk read cannot be destructive');
  expect(
    options.risk !== 'destructive' || options.hints.destructive,
    'a tool of risk destructive has the destructive hint',
  );
  expect(options.deadlineMs === undefined || options.deadlineMs > 0, 'deadlineMs is a positive number of milliseconds');
  return problems;
}

const isStrict = (schema: z.ZodObject): boolean => schema._zod.def.catchall?._zod.def.type === 'never';
