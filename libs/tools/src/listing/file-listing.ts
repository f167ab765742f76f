import { z } from 'zod';
import type { Limits } from '@app/config';
import { ServerError, type ToolCall } from '@app/mcp';
import type { OpenDirectory } from '@app/resources';
import type { Workspace } from '../workspace/index.js';
import { Glob } from './glob.js';
import { IgnoreRules } from './ignore-rules.js';
import type { ListedEntry, ListFilesInput, ListFilesOutput } from './list-files.schema.js';
import { describeEntry, linkTarget } from './listed-entry.js';
import { Page, type Placed } from './page.js';
import { QueryCursor } from './query-cursor.js';
import { sortInTurns } from './sort-in-turns.js';
import { TreeWalk, type WalkedEntry } from './tree-walk.js';

const Position = z.strictObject({ key: z.string().max(16_384), rank: z.number().optional() });
type Position = z.infer<typeof Position>;

const KINDS = { file: 'files', directory: 'directories', link: 'links', other: 'other' } as const;
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** One listing of one folder: walked once, counted whole, shown page by page. */
export class FileListing {
  private readonly counts = { files: 0, directories: 0, links: 0, other: 0 };
  private readonly glob?: Glob;
  private readonly changedSinceMs?: number;
  private readonly cursor: QueryCursor<Position>;
  private readonly position?: Position;
  private readonly page: Page;
  private readonly ranked: (Placed & { readonly rank: number })[] = [];
  private lastKey?: string;

  /** @throws ServerError INVALID_ARGUMENT, INVALID_CURSOR */
  constructor(
    private readonly workspace: Workspace,
    private readonly input: ListFilesInput,
    private readonly call: ToolCall,
    private readonly limits: Limits,
  ) {
    const { cursor, ...query } = input;
    if (input.glob !== undefined) this.glob = new Glob(input.glob, limits);
    if (input.changed_since !== undefined) this.changedSinceMs = instantOf(input.changed_since);
    this.cursor = new QueryCursor('list_files', { ...query, workspace: workspace.name }, call.principal, Position);
    if (cursor !== undefined) this.position = this.cursor.open(cursor);
    this.page = new Page(limits.listEntries, limits.listBytes);
  }

  async run(directory: OpenDirectory): Promise<ListFilesOutput> {
    const { input, limits, glob } = this;
    const above = input.include_ignored
      ? undefined
      : await IgnoreRules.above(this.workspace.tree, directory.canonical, limits);
    const walk = new TreeWalk({
      maxDepth: Math.min(input.depth ?? (glob ? limits.listDepth : 1), limits.listDepth),
      maxMs: limits.listMs,
      signal: this.call.signal,
      limits,
      ...(above && { rules: above }),
      ...(glob && { descend: (below) => glob.reachesBelow(below) }),
      ...(input.sort === 'name' && this.position && { after: this.position.key }),
    });
    for await (const found of walk.entries(directory)) {
      if (glob === undefined || glob.matches(found.below)) await this.take(found);
      if (this.page.fullBy === undefined) this.lastKey = found.key;
    }
    if (input.sort !== 'name') await this.fillFromRanked();
    return this.answer(walk);
  }

  private async take(found: WalkedEntry): Promise<void> {
    const { changedSinceMs, input } = this;
    if (changedSinceMs !== undefined && found.kind === 'directory') return;
    if (input.sort === 'name' && changedSinceMs === undefined && this.page.fullBy !== undefined)
      return this.count(found);
    const stats = await found.stats();
    if (stats === undefined || (changedSinceMs !== undefined && stats.mtimeMs < changedSinceMs)) return;
    this.count(found);
    const path = found.directory.canonicalOf(found.name.text);
    const entry = describeEntry(path, stats);
    if (found.name.unreadable) entry.unreadable_name = true;
    else if (entry.type === 'link') await this.addTarget(entry, path);
    if (input.sort === 'name') this.page.add({ entry, key: found.key });
    else this.ranked.push({ entry, key: found.key, rank: input.sort === 'size' ? (entry.size ?? 0) : stats.mtimeMs });
  }

  private count({ kind }: WalkedEntry): void {
    this.counts[KINDS[kind]]++;
  }

  private async addTarget(entry: ListedEntry, path: string): Promise<void> {
    const target = await linkTarget(this.workspace.tree, path);
    if (target !== undefined) entry.link_target = target;
  }

  private async fillFromRanked(): Promise<void> {
    const { position } = this;
    const isBehind = (rank: number, key: string): boolean =>
      position?.rank === undefined || rank < position.rank || (rank === position.rank && key > position.key);
    const sorted = await sortInTurns(this.ranked, (a, b) => b.rank - a.rank || (a.key < b.key ? -1 : 1));
    for (const placed of sorted) if (isBehind(placed.rank, placed.key) && !this.page.add(placed)) break;
  }

  private answer(walk: TreeWalk): ListFilesOutput {
    const { counts, page } = this;
    const truncatedBy = walk.cutBy ?? page.fullBy;
    const next = this.nextPosition(walk);
    const complete = walk.cutBy === undefined && this.position === undefined;
    return {
      entries: page.placed.map(({ entry }) => entry),
      counts: { ...counts, ignored: walk.ignored, ...(walk.unreadable > 0 && { unreadable: walk.unreadable }) },
      truncated: truncatedBy !== undefined,
      ...(truncatedBy && { truncated_by: truncatedBy }),
      ...(complete && { total: counts.files + counts.directories + counts.links + counts.other }),
      ...(next && { next_cursor: this.cursor.seal(next) }),
    };
  }

  /** A page that is full goes on behind its last entry; a walk that was cut goes on where it stopped. */
  private nextPosition(walk: TreeWalk): Position | undefined {
    const last = this.page.placed.at(-1);
    if (this.page.fullBy !== undefined && last !== undefined)
      return { key: last.key, ...('rank' in last && { rank: last.rank as number }) };
    if (this.input.sort !== 'name' || walk.cutBy === undefined || walk.cutBy === 'depth') return undefined;
    return walk.isResumable && this.lastKey !== undefined ? { key: this.lastKey } : undefined;
  }
}

/** @throws ServerError INVALID_ARGUMENT */
function instantOf(date: string): number {
  const instant = DATE.test(date) ? Date.parse(date) : Number.NaN;
  if (!Number.isNaN(instant)) return instant;
  throw new ServerError('INVALID_ARGUMENT', 'changed_since is not an ISO 8601 date.', {
    hint: 'Such as 2026-01-31T08:00:00Z.',
  });
}
