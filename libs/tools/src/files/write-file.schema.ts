import { z } from 'zod';
import { DryRun } from './edit-file.schema.js';
import { RelativePath, WorkspaceName } from './read-files.schema.js';

export const WriteFileInput = z.strictObject({
  workspace: WorkspaceName,
  path: RelativePath,
  content: z.string().describe('Written as given, at most 5 MB'),
  mode: z.enum(['create', 'overwrite', 'append']).describe('Default create').optional(),
  if_match: z.string().describe('sha256 of what was read; required to overwrite').optional(),
  encoding: z.enum(['utf-8', 'base64']).describe('Of content').optional(),
  dry_run: DryRun,
});
export type WriteFileInput = z.infer<typeof WriteFileInput>;

export const WriteFileOutput = z.strictObject({
  path: z.string().describe('Links resolved'),
  status: z.enum(['created', 'overwritten', 'appended', 'unchanged', 'dry_run']),
  bytes: z.int().optional().describe('Of the file as it is now; missing where there is none'),
  sha256: z.string().optional().describe('Of the file as it is now; missing where it is too large to hash'),
  diff_stat: z.strictObject({ added: z.int(), removed: z.int() }).describe('Lines'),
  undo: z.literal('none'),
});
export type WriteFileOutput = z.infer<typeof WriteFileOutput>;
