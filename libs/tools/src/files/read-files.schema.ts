import { z } from 'zod';
import { Limits } from '@app/config';
import { EOLS } from './text-lines.js';
import { TEXT_ENCODINGS } from './text-encoding.js';

const limits = new Limits();
/** More lines than any file that is scanned can have. */
const line = () => z.int().min(1).max(1_000_000_000);

export const WorkspaceName = z.string().describe('Workspace name; default: the first').optional();
export const RelativePath = z.string().describe('Relative to the workspace root');

const ReadItem = z
  .strictObject({
    path: RelativePath,
    start_line: line().describe('From 1').optional(),
    end_line: line().describe('Inclusive').optional(),
    tail: z.int().min(1).max(100_000).describe('Last n lines instead of a range').optional(),
  })
  .refine(({ start_line, end_line, tail }) => tail === undefined || (start_line ?? end_line) === undefined, {
    message: 'tail cannot be combined with start_line or end_line',
  })
  .refine(({ start_line = 1, end_line = Infinity }) => start_line <= end_line, {
    message: 'start_line must not be greater than end_line',
  });

export const ReadFilesInput = z.strictObject({
  workspace: WorkspaceName,
  items: z.array(ReadItem).min(1).max(limits.readItems),
  max_bytes: z.int().min(1).max(limits.readTextBytes).describe('Of text in all items; default 262144').optional(),
  as: z.enum(['auto', 'text', 'base64']).describe('auto: text, or image and audio blocks').optional(),
});
export type ReadFilesInput = z.infer<typeof ReadFilesInput>;
export type ReadItem = ReadFilesInput['items'][number];

export const ItemError = z.strictObject({ code: z.string(), message: z.string(), hint: z.string().optional() });

export const ReadItemResult = z.strictObject({
  path: z.string(),
  content: z.string().optional().describe('Exact; of text only'),
  content_block: z.int().min(1).optional().describe('Index of the content block with the base64 of what is not text'),
  start_line: z.int().optional(),
  end_line: z.int().optional(),
  total_lines: z.int().optional(),
  sha256: z.string().optional().describe('Of the whole file; for if_match'),
  bytes: z.int().optional().describe('Of the whole file'),
  encoding: z.enum([...TEXT_ENCODINGS, 'base64', 'media']).optional(),
  eol: z.enum(EOLS).optional(),
  mime: z.string().optional(),
  truncated: z.boolean().optional(),
  next_start_line: z.int().optional().describe('Where to read on'),
  partial: z.literal(true).optional().describe('Too large to count lines and hash'),
  hidden_unicode: z.literal(true).optional().describe('Has control, zero-width, bidi or tag characters'),
  error: ItemError.optional(),
});
export type ReadItemResult = z.infer<typeof ReadItemResult>;

export const ReadFilesOutput = z.strictObject({ items: z.array(ReadItemResult) });
export type ReadFilesOutput = z.infer<typeof ReadFilesOutput>;
