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

/** Of the key of an entry; a cursor is longer by two codings, and what carries it has a bound too. */
const MAX_KEY_BYTES = 2_000;

/** `key`: base64url of the last entry's key or of its beginning; `more`: entries passed that have all of it in common. */
const Position = z.strictObject({
  workspace: z.string(),
  key: z.string().max(MAX_KEY_BYTES * 1.5),
  more: z.int().min(1).max(1_000_000_000).optional(),
});
type Position = z.infer<typeof Position>;
/** The same with a key as the walk has it. */
type Place = { readonly workspace: string; readonly key: string; readonly more: number };

/** The files of all workspaces, in the order of the configuration and then of their names, page by page. */
export class FilePages {
  private readonly cursors: QueryCursor<Position>;
  private readonly entries: ResourceEntry[] = [];
  private last?: Place;

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
      const hasMore = await this.addFrom(workspace, index === 0 ? from : undefined);
      if (hasMore)
        return { entries: this.entries, ...(this.last && { nextCursor: this.cursors.seal(sealed(this.last)) }) };
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
  private async addFrom(workspace: Workspace, from?: Position): Promise<boolean> {
    const { limits } = this;
    const after = from && Buffer.from(from.key, 'base64url').toString('latin1');
    let toPass = from?.more ?? 0;
    const start = after === undefined ? undefined : { workspace: workspace.name, key: after, more: toPass };
    const walk = new TreeWalk({
      maxDepth: limits.walkDepth,
      rules: IgnoreRules.NONE,
      maxMs: limits.listMs,
      signal: this.call.signal,
      limits,
      // What has a longer path can be read by nobody, as its URI would be refused.
      descend: (below) => below.join('/').length < limits.pathChars,
      ...(after !== undefined && { after }),
    });
    await using root = await workspace.tree.openDirectory('.');
    for await (const found of walk.entries(root)) {
      const isPassed = toPass > 0 && found.key.startsWith(after!);
      if (isPassed) toPass--;
      const path = found.below.join('/');
      if (!isPassed && found.kind === 'file' && !found.name.unreadable && path.length <= limits.pathChars) {
        if (this.entries.length >= this.query.limit) return true;
        const stats = await found.stats();
        this.entries.push({ uri: workspaceUri(workspace.name, path), name: path, ...(stats && { size: stats.size }) });
      }
      if (!isPassed) this.last = placeOf(workspace.name, found.key, this.last ?? start);
    }
    return walk.cutBy === 'time' || walk.cutBy === 'scanned';
  }
}

function placeOf(workspace: string, whole: string, before?: Place): Place {
  if (whole.length <= MAX_KEY_BYTES) return { workspace, key: whole, more: 0 };
  const key = whole.slice(0, MAX_KEY_BYTES);
  const isSame = before?.workspace === workspace && before.key === key;
  return { workspace, key, more: (isSame ? before.more : 0) + 1 };
}

const sealed = ({ workspace, key, more }: Place): Position => ({
  workspace,
  key: Buffer.from(key, 'latin1').toString('base64url'),
  ...(more > 0 && { more }),
});
