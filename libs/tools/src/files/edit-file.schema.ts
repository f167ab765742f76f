import { z } from 'zod';
import { Limits } from '@app/config';
import { RelativePath, WorkspaceName } from './read-files.schema.js';

const limits = new Limits();

const Edit = z.strictObject({
  old: z.string().min(1).describe('Exact text to find'),
  new: z.string().describe('Replacement'),
  expected_count: z.int().min(1).max(100_000).describe('Occurrences; default 1').optional(),
});

export const IfMatch = z.string().describe('sha256 of what was read').optional();
export const DryRun = z.boolean().describe('Change nothing').optional();

export const EditFileInput = z.strictObject({
  workspace: WorkspaceName,
  path: RelativePath,
  edits: z.array(Edit).min(1).max(limits.editCount).describe('Applied in order'),
  if_match: IfMatch,
  dry_run: DryRun,
});
export type EditFileInput = z.infer<typeof EditFileInput>;
export type Edit = EditFileInput['edits'][number];

export const EditFileOutput = z.strictObject({
  path: z.string().describe('Links resolved'),
  status: z.enum(['edited', 'unchanged', 'dry_run']),
  sha256: z.string().describe('Of the file as it is now'),
  bytes: z.int().describe('Of the file as it is now'),
  replaced: z.array(z.int()).describe('Occurrences per edit'),
  diff: z.string().optional().describe('Unified'),
  diff_omitted: z.literal(true).optional().describe('The diff is missing or incomplete; the edit is not'),
  undo: z.literal('none'),
});
export type EditFileOutput = z.infer<typeof EditFileOutput>;
