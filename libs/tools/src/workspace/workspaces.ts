import { Injectable } from '@nestjs/common';
import { Limits, WorkspaceSettings } from '@app/config';
import { ServerError } from '@app/mcp';
import { FileTree } from '@app/resources';
import { PathRules } from '@app/security';
import type { Workspace } from './workspace.js';

/** The configured workspaces by name. */
@Injectable()
export class Workspaces {
  /** In the order of the configuration. */
  readonly all: readonly Workspace[];
  private readonly byName: ReadonlyMap<string, Workspace>;

  constructor(settings: WorkspaceSettings, limits: Limits) {
    this.all = settings.roots.map(({ name, path }) => ({
      name,
      tree: new FileTree(path, limits),
      rules: new PathRules(limits, { rootPath: path }),
    }));
    this.byName = new Map(this.all.map((workspace) => [workspace.name, workspace]));
  }

  /**
   * @param name undefined means the first one configured, however many there are
   * @throws ServerError NOT_FOUND, the same for a name that is unknown, malformed or someone else's
   */
  get(name?: string): Workspace {
    const workspace = name === undefined ? this.all[0] : this.byName.get(name);
    if (workspace === undefined)
      throw new ServerError('NOT_FOUND', 'There is no such workspace.', {
        hint: 'Leave it out to use the default workspace.',
      });
    return workspace;
  }
}
