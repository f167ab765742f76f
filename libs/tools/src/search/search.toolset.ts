import { z } from 'zod';
import { Limits } from '@app/config';
import { Ctx, Input, ServerError, Tool, ToolCall } from '@app/mcp';
import { Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { FileTree } from '@app/resources';
import { PathRules } from '@app/security';
import { Glob, IgnoreRules, QueryCursor } from '../listing/index.js';
import { type Workspace, Workspaces } from '../workspace/index.js';
import { MatchCollector } from './match-collector.js';
import type { SearchPlace } from './search-engine.js';
import { SearchSlots } from './search-slots.js';
import { SearchEngines } from './search-engines.js';
import { SearchTextInput, SearchTextOutput } from './search-text.schema.js';

const Position = z.strictObject({ skip: z.int().min(0).max(1_000_000_000) });

/** Finding text in a workspace. */
@Toolset({ name: 'files', scope: 'files', core: true })
export class SearchTools {
  private readonly slots: SearchSlots;

  constructor(
    private readonly workspaces: Workspaces,
    private readonly engines: SearchEngines,
    private readonly limits: Limits,
  ) {
    this.slots = new SearchSlots(limits);
  }

  @Tool({
    title: 'Search text',
    description:
      'Finds lines in files by text or regular expression. Honours .gitignore. A large result is summed up per file first, then paged.',
    input: SearchTextInput,
    output: SearchTextOutput,
    risk: 'read',
    hints: { destructive: false, idempotent: true, openWorld: false },
  })
  @WhatCouldGoWrong({
    escape: [PathRules, FileTree],
    'dependency down': SearchEngines,
    'resource exhaustion': [SearchSlots, MatchCollector],
  })
  async searchText(@Input() input: SearchTextInput, @Ctx() call: ToolCall): Promise<SearchTextOutput> {
    const workspace = this.workspaces.get(call.principal, input.workspace);
    workspace.rules.check(input.path, 'read');
    checkQuery(input);
    const { cursor, ...query } = input;
    const cursors = new QueryCursor('search_text', { ...query, workspace: workspace.name }, call.principal, Position);
    const skip = cursor === undefined ? 0 : cursors.open(cursor).skip;
    const globs = (sources: readonly string[]): Glob[] => sources.map((source) => new Glob(source, this.limits));
    const request = { ...input, include: globs(input.include), exclude: globs(input.exclude) };
    const collector = new MatchCollector({
      skip,
      pageSize: Math.min(input.max_results ?? this.limits.searchMatches, this.limits.searchMatches),
      mayDegrade: cursor === undefined && input.max_results === undefined,
      context: input.context,
      limits: this.limits,
    });
    const engine = await this.engines.pick();
    const end = await this.slots.run(call.signal, async () => {
      const place = await this.open(workspace, input);
      try {
        return await engine.search({ ...request, place }, collector, call.signal);
      } finally {
        await (place.kind === 'file' ? place.file : place.directory).close();
      }
    });
    const { nextSkip, ...collected } = collector.answer(end);
    return {
      ...collected,
      skipped: end.skipped,
      engine: engine.name,
      ...(nextSkip !== undefined && { next_cursor: cursors.seal({ skip: nextSkip }) }),
    };
  }

  private async open({ tree }: Workspace, { path, include_ignored }: SearchTextInput): Promise<SearchPlace> {
    const { kind } = await tree.resolve(path);
    if (kind !== undefined && kind !== 'directory') return { kind: 'file', file: await tree.openFile(path) };
    const directory = await tree.openDirectory(path);
    try {
      if (include_ignored) return { kind: 'directory', directory };
      const above = await IgnoreRules.above(tree, directory.canonical, this.limits);
      return { kind: 'directory', directory, above };
    } catch (error) {
      await directory.close();
      throw error;
    }
  }
}

function checkQuery({ query, multiline }: SearchTextInput): void {
  if (query.includes('\0')) throw new ServerError('INVALID_ARGUMENT', 'The query has a zero character.');
  if (query.includes('\n') && !multiline)
    throw new ServerError('INVALID_ARGUMENT', 'The query has a line break.', {
      hint: 'Set multiline to search across lines.',
    });
}
