import { ChangeEvents, Ctx, Input, type RichResult, Tool, type ToolCall } from '@app/mcp';
import { Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { EditFile } from './edit-file.js';
import { EditFileInput, EditFileOutput } from './edit-file.schema.js';
import { READING_RISKS, WRITING_RISKS } from './file-risks.js';
import { ReadFiles } from './read-files.js';
import { ReadFilesInput, ReadFilesOutput } from './read-files.schema.js';
import { WriteFile } from './write-file.js';
import { WriteFileInput, WriteFileOutput } from './write-file.schema.js';
import { workspaceUri } from '../resources/workspace-uri.js';
import { Workspaces } from '../workspace/workspaces.js';

const READS = { destructive: false, idempotent: true, openWorld: false } as const;
const WRITES = { destructive: true, idempotent: false, openWorld: false } as const;

/** Tools on the content of single files. */
@Toolset({ name: 'files', scope: 'files', core: true })
export class FileTools {
  constructor(
    private readonly reader: ReadFiles,
    private readonly editor: EditFile,
    private readonly writer: WriteFile,
    private readonly workspaces: Workspaces,
    private readonly changes: ChangeEvents,
  ) {}

  @Tool({
    name: 'read_files',
    title: 'Read files',
    description:
      'Reads whole files, line ranges or tails of up to 20 files, with the sha256 that if_match takes. Images and audio come as media blocks.',
    input: ReadFilesInput,
    output: ReadFilesOutput,
    risk: 'read',
    hints: READS,
  })
  @WhatCouldGoWrong(READING_RISKS)
  readFiles(@Input() input: ReadFilesInput, @Ctx() call: ToolCall): Promise<ReadFilesOutput | RichResult> {
    return this.reader.run(input, call);
  }

  @Tool({
    name: 'edit_file',
    title: 'Edit file',
    description:
      'Replaces exact text in one file, all edits or none, and returns the diff. Line endings, byte order mark and every other byte stay.',
    input: EditFileInput,
    output: EditFileOutput,
    risk: 'write',
    hints: WRITES,
  })
  @WhatCouldGoWrong(WRITING_RISKS)
  async editFile(@Input() input: EditFileInput, @Ctx() call: ToolCall): Promise<EditFileOutput> {
    const result = await this.editor.run(input, call);
    if (result.status === 'edited') this.tellOfChange(call, input.workspace, result.path);
    return result;
  }

  @Tool({
    name: 'write_file',
    title: 'Write file',
    description:
      'Creates a file with its folders, overwrites one that was read before, or appends. Either all of the content is written or none.',
    input: WriteFileInput,
    output: WriteFileOutput,
    risk: 'write',
    hints: WRITES,
  })
  @WhatCouldGoWrong(WRITING_RISKS)
  async writeFile(@Input() input: WriteFileInput, @Ctx() call: ToolCall): Promise<WriteFileOutput> {
    const result = await this.writer.run(input, call);
    if (result.status === 'created') this.changes.publish({ kind: 'resources_list_changed' });
    if (result.status !== 'unchanged' && result.status !== 'dry_run')
      this.tellOfChange(call, input.workspace, result.path);
    return result;
  }

  /** Whoever has subscribed to the file reads it again. */
  private tellOfChange({ principal }: ToolCall, workspace: string | undefined, path: string): void {
    const { name } = this.workspaces.get(principal, workspace);
    this.changes.publish({ kind: 'resource_updated', uri: workspaceUri(name, path) });
  }
}
