import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { ServerError, type ToolCall } from '@app/mcp';
import { type FileTree, notRegularFile, type ResolvedPath } from '@app/resources';
import { resolveForWriting } from '../workspace/resolve-for-writing.js';
import { Workspaces } from '../workspace/workspaces.js';
import { contentBytes } from './write-file.content.js';
import { type CurrentFile, readCurrent } from './write-file.current.js';
import type { WriteFileInput, WriteFileOutput } from './write-file.schema.js';
import { diffText } from './text-diff.js';
import { countLines } from './text-lines.js';
import { sha256Of, VersionCheck } from './text-version.js';

/** One write with everything that was decided before it. */
interface Write {
  readonly tree: FileTree;
  readonly target: ResolvedPath;
  readonly data: Buffer;
  readonly ifMatch?: string;
  readonly isDryRun: boolean;
  readonly signal: AbortSignal;
}

type Counted = WriteFileOutput['diff_stat'];

/** Creates, overwrites or extends one file. */
@Injectable()
export class WriteFile {
  constructor(
    private readonly workspaces: Workspaces,
    private readonly limits: Limits,
  ) {}

  async run(input: WriteFileInput, { principal, signal }: ToolCall): Promise<WriteFileOutput> {
    const { mode = 'create', if_match: ifMatch } = input;
    if (mode === 'overwrite' && ifMatch === undefined)
      throw new ServerError('INVALID_ARGUMENT', 'if_match is required to overwrite.', {
        hint: 'Read the file and give its sha256.',
      });
    const workspace = this.workspaces.get(principal, input.workspace);
    const data = contentBytes(input.content, input.encoding ?? 'utf-8', this.limits.writeBytes);
    const resolved = await resolveForWriting(workspace, input.path);
    const { tree } = workspace;
    return tree.exclusively(resolved, signal, async () => {
      // Looked at again: whoever had the lock before may have created it.
      const target = await resolveForWriting(workspace, resolved.canonical === '' ? '.' : resolved.canonical);
      if (target.canonical !== resolved.canonical)
        throw new ServerError('CONFLICT', 'The path was changed by someone else meanwhile.');
      const write: Write = { tree, target, data, ifMatch, isDryRun: input.dry_run ?? false, signal };
      if (target.exists && target.kind !== 'file') throw notRegularFile(input.path);
      if (mode === 'overwrite') return this.overwrite(write);
      return mode === 'append' && target.exists ? this.append(write) : this.create(write);
    });
  }

  private async create({ tree, target, data, ifMatch, isDryRun, signal }: Write): Promise<WriteFileOutput> {
    if (target.exists)
      throw new ServerError('CONFLICT', 'The file already exists.', {
        hint: 'Change it with edit_file, or overwrite it with if_match.',
      });
    if (ifMatch !== undefined) throw new ServerError('CONFLICT', 'There is no file for if_match to match.');
    if (!isDryRun) {
      signal.throwIfAborted();
      await tree.createFile(target, data);
    }
    const counted = { added: countLines(data), removed: 0 };
    if (isDryRun) return { path: target.canonical, status: 'dry_run', diff_stat: counted, undo: 'none' };
    return answer('created', target, { bytes: data.length, sha256: sha256Of(data) }, counted);
  }

  private async overwrite({ tree, target, data, ifMatch, isDryRun, signal }: Write): Promise<WriteFileOutput> {
    if (!target.exists)
      throw new ServerError('NOT_FOUND', 'There is no file to overwrite.', { hint: 'Use mode "create".' });
    const current = await readCurrent(tree, target.canonical, this.limits, signal);
    if (current.sha256 === undefined)
      throw new ServerError('LIMIT', 'The file is too large to be compared with if_match, so it is not overwritten.');
    VersionCheck.require(ifMatch ?? '', current.sha256);
    if (current.sha256 === sha256Of(data)) return answer('unchanged', target, current, { added: 0, removed: 0 });
    const counted = this.compare(target.canonical, current, data);
    if (isDryRun) return answer('dry_run', target, current, counted);
    signal.throwIfAborted();
    await tree.replaceFile(target, data, current.stats);
    return answer('overwritten', target, { bytes: data.length, sha256: sha256Of(data) }, counted);
  }

  private async append({ tree, target, data, ifMatch, isDryRun, signal }: Write): Promise<WriteFileOutput> {
    const path = target.canonical;
    const before =
      ifMatch === undefined && !isDryRun && data.length > 0
        ? undefined
        : await readCurrent(tree, path, this.limits, signal);
    if (ifMatch !== undefined) VersionCheck.require(ifMatch, before?.sha256 ?? 'unknown');
    const counted = { added: countLines(data), removed: 0 };
    if (before !== undefined && data.length === 0) return answer('unchanged', target, before, counted);
    if (before !== undefined && isDryRun) return answer('dry_run', target, before, counted);
    signal.throwIfAborted();
    await tree.appendFile(target, data);
    return answer('appended', target, await readCurrent(tree, path, this.limits, signal), counted);
  }

  private compare(path: string, { data: before, lines }: CurrentFile, after: Buffer): Counted {
    if (before === undefined) return { added: countLines(after), removed: lines };
    const { added, removed } = diffText(path, before, after, this.limits);
    return { added, removed };
  }
}

const answer = (
  status: WriteFileOutput['status'],
  { canonical }: ResolvedPath,
  { bytes, sha256 }: { readonly bytes: number; readonly sha256?: string },
  counted: Counted,
): WriteFileOutput => ({
  path: canonical,
  status,
  bytes,
  ...(sha256 !== undefined && { sha256 }),
  diff_stat: counted,
  undo: 'none',
});
