import { z } from 'zod';

export const SearchTextInput = z.strictObject({
  workspace: z.string().optional().describe('Default: the first workspace'),
  query: z.string().min(1).max(4_096),
  literal: z.boolean().default(true).describe('false: a regular expression, RE2 style'),
  path: z.string().default('.').describe('Folder or file'),
  include: z.array(z.string()).max(20).default([]).describe('Globs of files to search, relative to path'),
  exclude: z.array(z.string()).max(20).default([]).describe('Globs of files and folders to leave out'),
  case: z
    .enum(['smart', 'sensitive', 'insensitive'])
    .default('smart')
    .describe('smart: sensitive if the query has a capital'),
  multiline: z.boolean().default(false).describe('Matches may span lines'),
  context: z.int().min(0).max(5).default(0).describe('Lines around each match'),
  max_results: z
    .int()
    .min(1)
    .max(500)
    .optional()
    .describe('Matches per page; without it a large result is summed up first'),
  include_ignored: z.boolean().default(false).describe('Also what .gitignore hides'),
  cursor: z.string().optional().describe('next_cursor of the page before'),
});
export type SearchTextInput = z.infer<typeof SearchTextInput>;

const Range = z.strictObject({ start: z.int(), end: z.int() });

export const TextMatch = z.strictObject({
  path: z.string(),
  line: z.int(),
  column: z.int().describe('Of the first match in the whole line, from 1, in UTF-16 units'),
  text: z.string(),
  submatches: z.array(Range).describe('In text, UTF-16 units'),
  cut: z.boolean().optional().describe('text is a part of the line, or has matches that are not listed'),
  before: z.array(z.string()).optional(),
  after: z.array(z.string()).optional(),
  unreadable_name: z.boolean().optional().describe('The name is not UTF-8: bytes are shown as \\xNN'),
});
export type TextMatch = z.infer<typeof TextMatch>;

export const SearchTextOutput = z.strictObject({
  matches: z.array(TextMatch),
  files: z.int().describe('Files with matches seen by this call'),
  total_matches: z.int().optional().describe('Matching lines, where all were counted'),
  degraded_to: z
    .enum(['none', 'first_lines', 'counts'])
    .describe('first_lines: one match per file; counts: numbers only; next_cursor then starts with all matches'),
  counts: z.array(z.strictObject({ path: z.string(), count: z.int() })).optional(),
  truncated: z.boolean(),
  truncated_by: z.enum(['matches', 'bytes', 'time', 'scanned']).optional(),
  skipped: z
    .strictObject({ binary: z.int(), large: z.int(), unreadable: z.int() })
    .describe('Files that were not searched'),
  engine: z.enum(['ripgrep', 'fallback']),
  next_cursor: z.string().optional(),
});
export type SearchTextOutput = z.infer<typeof SearchTextOutput>;
