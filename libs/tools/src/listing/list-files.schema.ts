import { z } from 'zod';

export const SORTS = ['name', 'size', 'mtime'] as const;

export const ListFilesInput = z.strictObject({
  workspace: z.string().optional().describe('Default: the first workspace'),
  path: z.string().default('.').describe('Folder or file'),
  depth: z.int().min(1).max(10).optional().describe('Levels; default 1, with a glob 10'),
  glob: z.string().optional().describe('Such as *.ts or src/**/*.{ts,tsx}, relative to path'),
  sort: z.enum(SORTS).default('name').describe('size: largest first; mtime: newest first'),
  include_ignored: z.boolean().default(false).describe('Also what .gitignore hides'),
  changed_since: z.string().max(40).optional().describe('ISO 8601; leaves out folders'),
  cursor: z.string().optional().describe('next_cursor of the page before'),
});
export type ListFilesInput = z.infer<typeof ListFilesInput>;

export const ListedEntry = z.strictObject({
  path: z.string(),
  type: z.enum(['file', 'directory', 'link', 'other']),
  size: z.int().optional().describe('Bytes, of files'),
  mtime: z.string(),
  link_target: z.string().optional().describe('Where a link leads, if inside the workspace'),
  unreadable_name: z
    .boolean()
    .optional()
    .describe('The name is not UTF-8: bytes are shown as \\xNN and the path cannot be used'),
});
export type ListedEntry = z.infer<typeof ListedEntry>;

export const ListFilesOutput = z.strictObject({
  entries: z.array(ListedEntry),
  counts: z
    .strictObject({
      files: z.int(),
      directories: z.int(),
      links: z.int(),
      other: z.int(),
      ignored: z.int().describe('Hidden by .gitignore; a hidden folder counts once'),
      unreadable: z.int().optional().describe('Folders that could not be opened'),
    })
    .describe('From the first entry of this page to the end of the list, or to where the scan was cut'),
  truncated: z.boolean(),
  truncated_by: z.enum(['entries', 'bytes', 'scanned', 'time', 'depth']).optional(),
  total: z.int().optional().describe('Entries on all pages; on the first page of a complete scan'),
  next_cursor: z.string().optional(),
});
export type ListFilesOutput = z.infer<typeof ListFilesOutput>;
