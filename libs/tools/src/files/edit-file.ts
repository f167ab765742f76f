import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { ServerError, type ToolCall } from '@app/mcp';
import type { FileTree, ResolvedPath } from '@app/resources';
import { resolveForWriting } from '../workspace/resolve-for-writing.js';
import { Workspaces } from '../workspace/workspaces.js';
import type { EditFileInput, EditFileOutput } from './edit-file.schema.js';
import { splice } from './edit-file.splice.js';
import { diffText } from './text-diff.js';
import { readUpTo } from './text-read.js';
import { sha256Of, VersionCheck } from './text-version.js';

/** Replaces exact pieces of a file, all of them or none. */
@Injectable()
export class EditFile {
  constructor(
    private readonly workspaces: Workspaces,
    private readonly limits: Limits,
  ) {}

  async run(input: EditFileInput, call: ToolCall): Promise<EditFileOutput> {
    const workspace = this.workspaces.get(call.principal, input.workspace);
    const target = await resolveForWriting(workspace, input.path);
    return workspace.tree.exclusively(target, call.signal, () => this.edit(workspace.tree, target, input, call.signal));
  }

  private async edit(
    tree: FileTree,
    target: ResolvedPath,
    { edits, if_match, dry_run = false }: EditFileInput,
    signal: AbortSignal,
  ): Promise<EditFileOutput> {
    const { data: before, stats } = await this.read(tree, target.canonical, signal);
    const current = sha256Of(before);
    if (if_match !== undefined) VersionCheck.require(if_match, current);
    const { data: after, replaced } = await splice(before, edits, { maxBytes: this.limits.writeBytes, signal });
    const path = target.canonical;
    if (after.equals(before))
      return {
        path,
        status: 'unchanged',
        sha256: current,
        bytes: before.length,
        replaced: [...replaced],
        undo: 'none',
      };
    if (!dry_run) {
      signal.throwIfAborted();
      await tree.replaceFile(target, after, stats);
    }
    const now = dry_run ? before : after;
    const diff = diffText(path, before, after, this.limits);
    return {
      path,
      status: dry_run ? 'dry_run' : 'edited',
      sha256: dry_run ? current : sha256Of(after),
      bytes: now.length,
      replaced: [...replaced],
      ...(diff.text !== undefined && { diff: diff.text }),
      ...(diff.isOmitted && { diff_omitted: true as const }),
      undo: 'none',
    };
  }

  private async read(tree: FileTree, path: string, signal: AbortSignal) {
    await using file = await tree.openFile(path);
    const data = await readUpTo(file.handle, this.limits.editFileBytes + 1, signal);
    if (data.length > this.limits.editFileBytes)
      throw new ServerError(
        'LIMIT',
        `The file has more than the ${this.limits.editFileBytes} bytes that can be edited.`,
      );
    return { data, stats: file.stats };
  }
}
