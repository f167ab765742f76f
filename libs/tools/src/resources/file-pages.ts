import { z } from 'zod';
import type { Limits } from '@app/config';
import {
  type ListQuery,
  ProtocolViolation,
  type ResourceEntry,
  type ResourcePage,
  ServerError,
  type ToolCall,
} from '@app/mcp';
import { IgnoreRules, QueryCursor, TreeWalk } from '../listing/index.js';
import type { Workspace } from '../workspace/index.js';
import { workspaceUri } from './workspace-uri.js';

const Position = z.strictObject({ workspace: z.string(), key: z.string().max(16_384) });
type Position = z.infer<typeof Position>;

/** The files of all workspaces, in the order of the configuration and then of their names, page by page. */
export class FilePages {
  private readonly cursors: QueryCursor<Position>;
  private readonly entries: ResourceEntry[] = [];
  private last?: Position;

  constructor(
    private readonly workspaces: readonly Workspace[],
    private readonly query: ListQuery,
    private readonly call: ToolCall,
    private readonly limits: Limits,
  ) {
    this.cursors = new QueryCursor('resources/list', {}, call.principal, Position);
  }

  /** @throws ProtocolViolation for a cursor that is none */
  async page(): Promise<ResourcePage> {
    const from = this.position();
    const start = from === undefined ? 0 : this.workspaces.findIndex(({ name }) => name === from.workspace);
    if (start < 0) throw new ProtocolViolation('Invalid cursor');
    for (const [index, workspace] of this.workspaces.slice(start).entries()) {
      const hasMore = await this.addFrom(workspace, index === 0 ? from?.key : undefined);
      if (hasMore) return { entries: this.entries, ...(this.last && { nextCursor: this.cursors.seal(this.last) }) };
    }
    return { entries: this.entries };
  }

  private position(): Position | undefined {
    if (this.query.cursor === undefined) return undefined;
    try {
      return this.cursors.open(this.query.cursor);
    } catch (error) {
      throw error instanceof ServerError ? new ProtocolViolation('Invalid cursor') : error;
    }
  }

  /** @returns whether the page ended inside this workspace */
  private async addFrom(workspace: Workspace, after?: string): Promise<boolean> {
    const { limits } = this;
    const walk = new TreeWalk({
      maxDepth: limits.walkDepth,
      rules: IgnoreRules.NONE,
      maxMs: limits.listMs,
      signal: this.call.signal,
      limits,
      ...(after !== undefined && { after }),
    });
    await using root = await workspace.tree.openDirectory('.');
    for await (const found of walk.entries(root)) {
      if (found.kind === 'file' && !found.name.unreadable) {
        if (this.entries.length >= this.query.limit) return true;
        const stats = await found.stats();
        const path = found.below.join('/');
        this.entries.push({ uri: workspaceUri(workspace.name, path), name: path, ...(stats && { size: stats.size }) });
      }
      this.last = { workspace: workspace.name, key: found.key };
    }
    return walk.cutBy === 'time' || walk.cutBy === 'scanned';
  }
}
