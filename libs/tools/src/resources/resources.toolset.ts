import { Limits } from '@app/config';
import {
  type CompletionQuery,
  Ctx,
  Input,
  type ListQuery,
  ProtocolViolation,
  Resource,
  type ResourceContents,
  type ResourcePage,
  ServerError,
  ToolCall,
} from '@app/mcp';
import { Toolset } from '@app/pipeline';
import { Workspaces } from '../workspace/index.js';
import { readContents } from './file-contents.js';
import { FilePages } from './file-pages.js';
import { completePath } from './path-completion.js';
import { workspaceUri } from './workspace-uri.js';

/** The files of every workspace, as resources a client can attach. */
@Toolset({ name: 'resources', scope: 'files', core: true })
export class WorkspaceResources {
  constructor(
    private readonly workspaces: Workspaces,
    private readonly limits: Limits,
  ) {}

  /** Whatever cannot be read here is answered alike, so that nothing is learnt about what is outside. */
  @Resource({
    uri: 'workspace://{workspace}/{+path}',
    name: 'workspace_file',
    title: 'File of a workspace',
    description: 'A file by the name of its workspace and its path in it.',
    list: 'listFiles',
    complete: { workspace: 'completeWorkspace', path: 'completePath' },
  })
  async read(
    @Input() { workspace = '', path = '' }: Record<string, string>,
    @Ctx() call: ToolCall,
  ): Promise<ResourceContents> {
    const uri = workspaceUri(workspace, path);
    try {
      const { rules, tree } = this.workspaces.get(call.principal, workspace);
      rules.check(path, 'read');
      await using file = await tree.openFile(path);
      return await readContents(uri, file, this.limits);
    } catch (error) {
      if (!(error instanceof ServerError) || error.code === 'LIMIT' || error.code === 'INTERNAL' || error.retryable)
        throw error;
      throw new ProtocolViolation('Resource not found', { uri });
    }
  }

  listFiles(query: ListQuery, call: ToolCall): Promise<ResourcePage> {
    return new FilePages(this.workspaces.visibleTo(call.principal), query, call, this.limits).page();
  }

  completeWorkspace({ value }: CompletionQuery, call: ToolCall): string[] {
    return this.workspaces
      .visibleTo(call.principal)
      .map(({ name }) => name)
      .filter((name) => name.startsWith(value));
  }

  async completePath({ value, known }: CompletionQuery, call: ToolCall): Promise<string[]> {
    const visible = this.workspaces.visibleTo(call.principal);
    const workspace = visible.find(({ name }) => name === (known['workspace'] ?? visible[0]?.name));
    return workspace === undefined ? [] : completePath(workspace, value, this.limits, call.signal);
  }
}
