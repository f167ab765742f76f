import { Limits } from '@app/config';
import { Ctx, Input, Tool, ToolCall } from '@app/mcp';
import { Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { READING_RISKS } from '../files/file-risks.js';
import { Workspaces } from '../workspace/index.js';
import { FileListing } from './file-listing.js';
import { ListFilesInput, ListFilesOutput } from './list-files.schema.js';
import { describeEntry } from './listed-entry.js';

/** What lies in a workspace. */
@Toolset({ name: 'files', scope: 'files', core: true })
export class ListingTools {
  constructor(
    private readonly workspaces: Workspaces,
    private readonly limits: Limits,
  ) {}

  @Tool({
    title: 'List files',
    description:
      'Lists a folder, a tree, or what matches a glob, with sizes and times. Honours .gitignore; links are listed, not followed.',
    input: ListFilesInput,
    output: ListFilesOutput,
    risk: 'read',
    hints: { destructive: false, idempotent: true, openWorld: false },
  })
  @WhatCouldGoWrong(READING_RISKS)
  async listFiles(@Input() input: ListFilesInput, @Ctx() call: ToolCall): Promise<ListFilesOutput> {
    const workspace = this.workspaces.get(call.principal, input.workspace);
    workspace.rules.check(input.path, 'read');
    const listing = new FileListing(workspace, input, call, this.limits);
    const { canonical, kind, stats } = await workspace.tree.resolve(input.path);
    if (stats !== undefined && kind !== 'directory') {
      const counts = {
        files: 0,
        directories: 0,
        links: 0,
        other: 0,
        ignored: 0,
        [kind === 'file' ? 'files' : 'other']: 1,
      };
      return { entries: [describeEntry(canonical, stats)], counts, truncated: false, total: 1 };
    }
    await using directory = await workspace.tree.openDirectory(input.path);
    return await listing.run(directory);
  }
}
