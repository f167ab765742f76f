import { z } from 'zod';
import { Limits, ToolSettings } from '@app/config';
import { Ctx, ServerError, ServerIdentity, Tool, ToolCall } from '@app/mcp';
import { Toolset, waived, WhatCouldGoWrong } from '@app/pipeline';
import { mapBounded } from '@app/recovery';
import { FileTree, programVersion } from '@app/resources';
import { RipgrepBinary } from '../search/index.js';
import type { Workspace } from './workspace.js';
import { Workspaces } from './workspaces.js';

const WorkspaceInfo = z.strictObject({
  server: z.strictObject({ name: z.string(), version: z.string() }),
  workspaces: z.array(z.strictObject({ name: z.string(), branch: z.string().optional() })),
  principal: z.strictObject({ subject: z.string() }),
  runtime: z.strictObject({
    node: z.string(),
    platform: z.string(),
    git: z.string().optional(),
    ripgrep: z.string().optional(),
  }),
  toolsets: z.array(z.string()),
  limits: z.record(z.string(), z.number()),
  boundary: z.literal('none').describe('What separates the tools from the rest of the machine, beside path rules'),
});
type WorkspaceInfo = z.infer<typeof WorkspaceInfo>;

/** Bounds of connections and of the server's own books: no argument of a tool meets them. */
const NOT_FOR_CALLERS =
  /^(?:header|json|connections|requestBody|legacy|subscriptions|task|requestState|answer|bodyBytesIn|subscribed|nameChars|linkHops|concurrentCalls|unauthenticated|verified)/;
const GIT_PROGRAMS = ['/usr/bin/git', '/usr/local/bin/git', '/opt/homebrew/bin/git'];
const HEAD_BYTES = 512;
/** Workspaces that are looked at together. */
const AT_ONCE = 8;
const BRANCH = /^ref: refs\/heads\/([^\p{C}\p{Z}]{1,200})\n?$/u;

/** What a caller wants to know before anything else. */
@Toolset({ name: 'core', scope: 'core', core: true })
export class CoreTools {
  private readonly limitsShown: Readonly<Record<string, number>>;
  private versions?: Promise<{ git?: string; ripgrep?: string }>;

  constructor(
    private readonly workspaces: Workspaces,
    private readonly toolSettings: ToolSettings,
    private readonly identity: ServerIdentity,
    private readonly ripgrep: RipgrepBinary,
    limits: Limits,
  ) {
    const shown = Object.entries(limits).filter(
      ([name, value]) => typeof value === 'number' && !NOT_FOR_CALLERS.test(name),
    );
    this.limitsShown = Object.fromEntries(shown.map(([name, value]) => [snakeCase(name), value as number]));
  }

  @Tool({
    title: 'Workspace info',
    description: 'Tells the workspaces with their branches, the limits of every tool, versions, and who is calling.',
    output: WorkspaceInfo,
    risk: 'read',
    hints: { destructive: false, idempotent: true, openWorld: false },
  })
  @WhatCouldGoWrong({
    escape: FileTree,
    'dependency down': waived('It needs nothing but the file system of this machine.'),
  })
  async workspaceInfo(@Ctx() call: ToolCall): Promise<WorkspaceInfo> {
    const { name, version } = this.identity;
    return {
      server: { name, version },
      workspaces: await mapBounded(this.workspaces.visibleTo(call.principal), AT_ONCE, describe),
      principal: { subject: call.principal.subject },
      runtime: {
        node: process.version,
        platform: `${process.platform}-${process.arch}`,
        ...(await (this.versions ??= this.readVersions())),
      },
      toolsets: [...this.toolSettings.toolsets],
      limits: this.limitsShown,
      boundary: 'none',
    };
  }

  private async readVersions(): Promise<{ git?: string; ripgrep?: string }> {
    const [found, ...gits] = await Promise.all([this.ripgrep.path(), ...GIT_PROGRAMS.map(programVersion)]);
    const git = gits.find((version) => version !== undefined);
    const ripgrep = found === undefined ? undefined : await programVersion(found);
    return { ...(git && { git }), ...(ripgrep && { ripgrep }) };
  }
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

async function describe({ name, tree }: Workspace): Promise<{ name: string; branch?: string }> {
  try {
    await using head = await tree.openFile('.git/HEAD');
    const { buffer, bytesRead } = await head.handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const branch = BRANCH.exec(buffer.toString('utf8', 0, bytesRead))?.[1];
    return branch === undefined ? { name } : { name, branch };
  } catch (error) {
    if (error instanceof ServerError) return { name };
    throw error;
  }
}
