import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Limits, PolicySource, type TenantPolicy, WorkspaceSettings } from '@app/config';
import { type Principal, ServerError } from '@app/mcp';
import { FileTree } from '@app/resources';
import { PathRules } from '@app/security';
import type { Workspace } from './workspace.js';

const NO_TENANTS: ReadonlyMap<string, TenantPolicy> = new Map();

/** The configured workspaces, and which of them a caller's tenant has. */
@Injectable()
export class Workspaces implements OnModuleInit {
  /** In the order of the configuration, whosever they are. */
  readonly all: readonly Workspace[];

  constructor(
    settings: WorkspaceSettings,
    limits: Limits,
    private readonly policy: PolicySource,
  ) {
    this.all = settings.roots.map(({ name, path }) => ({
      name,
      tree: new FileTree(path, limits),
      rules: new PathRules(limits, { rootPath: path }),
    }));
  }

  onModuleInit(): void {
    const names = new Set(this.all.map(({ name }) => name));
    this.policy.addCheck(({ tenants = NO_TENANTS }) =>
      [...tenants].flatMap(([tenant, { workspaces = [] }]) =>
        workspaces
          .filter((name) => !names.has(name))
          .map((name) => `tenants.${tenant}.workspaces: there is no workspace ${name}`),
      ),
    );
  }

  /** Those of the caller's tenant, in the order of the configuration. */
  visibleTo({ tenant }: Principal): readonly Workspace[] {
    const names = this.policy.current().tenants?.get(tenant)?.workspaces;
    return names === undefined ? this.all : this.all.filter(({ name }) => names.includes(name));
  }

  /**
   * @param name undefined means the first one of the caller, however many there are
   * @throws ServerError NOT_FOUND, the same for a name that is unknown, malformed or someone else's
   */
  get(principal: Principal, name?: string): Workspace {
    const visible = this.visibleTo(principal);
    const workspace = name === undefined ? visible[0] : visible.find((each) => each.name === name);
    if (workspace === undefined)
      throw new ServerError('NOT_FOUND', 'There is no such workspace.', {
        hint: 'Leave it out to use the default workspace.',
      });
    return workspace;
  }
}
