import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { PolicySource, ToolSettings } from '@app/config';
import { Prompt, type PromptOptions, Resource, type ResourceOptions, Tool, type ToolOptions } from '@app/mcp';
import { StagesInterceptor } from '../around/stages.interceptor.js';
import { GatesGuard } from '../gates/gates.guard.js';
import { nearest } from '../gates/nearest.js';
import { DefinitionError } from './definition.error.js';
import { Invoker } from './invoker.js';
import type { Operation } from './operation.js';
import { type Found, type Made, OperationFactory } from './operation.factory.js';
import { OperationRegistry, type ServedOperation } from './operation.registry.js';
import { ToolsetMark, type ToolsetOptions } from './toolset-mark.js';

/** Finds every operation once, at boot. Refuses the boot with all reasons when any definition is bad. */
@Injectable()
export class OperationExplorer implements OnModuleInit {
  private readonly problems: string[] = [];
  /** Tools of toolsets that are not selected: known all the same, so that a policy may name them. */
  private readonly unselected = new Set<string>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly invoker: Invoker,
    private readonly guard: GatesGuard,
    private readonly interceptor: StagesInterceptor,
    private readonly factory: OperationFactory,
    private readonly registry: OperationRegistry,
    private readonly settings: ToolSettings,
    private readonly policy: PolicySource,
  ) {}

  onModuleInit(): void {
    // Before any method gets its context: that is when Nest looks at the enhancers.
    this.invoker.install(this.guard, this.interceptor);
    const known = new Set<string>();
    for (const wrapper of this.discovery.getProviders()) {
      const instance = wrapper.instance as unknown;
      if (typeof instance !== 'object' || instance === null || typeof instance.constructor !== 'function') continue;
      const toolset = this.reflector.get(ToolsetMark, instance.constructor) as ToolsetOptions | undefined;
      if (toolset !== undefined) {
        known.add(toolset.name);
        if (!wrapper.isDependencyTreeStatic())
          this.problems.push(
            `${instance.constructor.name}: depends on something made per request; a toolset is made once`,
          );
      }
      this.exploreProvider(instance, toolset);
    }
    for (const name of this.invoker.madePerRequest())
      this.problems.push(`${name}: is global and made per request, so it would not run on tools`);
    for (const name of this.settings.toolsets)
      if (!['core', 'default', 'all'].includes(name) && !known.has(name))
        this.problems.push(`toolset ${name}: selected by TOOLSETS, but there are only ${[...known].sort().join(', ')}`);
    if (this.problems.length > 0) throw new DefinitionError(this.problems);
    this.registry.seal();
    this.policy.addCheck(({ tools }) => [...tools.keys()].flatMap((name) => this.unknownTool(name)));
    this.policy.verify();
  }

  private exploreProvider(instance: object, toolset: ToolsetOptions | undefined): void {
    const prototype = Object.getPrototypeOf(instance) as object;
    for (const method of this.scanner.getAllMethodNames(prototype)) {
      const handler = (prototype as Record<string, Found['handler']>)[method];
      if (typeof handler !== 'function') continue;
      const tool = this.reflector.get(Tool, handler) as ToolOptions | undefined;
      const resource = this.reflector.get(Resource, handler) as ResourceOptions | undefined;
      const prompt = this.reflector.get(Prompt, handler) as PromptOptions | undefined;
      if (tool === undefined && resource === undefined && prompt === undefined) continue;
      if (toolset === undefined) {
        this.problems.push(`${instance.constructor.name}.${method}: stands outside a @Toolset, so no policy would run`);
        continue;
      }
      if ([tool, resource, prompt].filter((mark) => mark !== undefined).length > 1)
        this.problems.push(`${instance.constructor.name}.${method}: is more than one of tool, resource and prompt`);
      const found: Found = { instance, method, handler, toolset };
      if (!this.isSelected(toolset)) {
        if (tool !== undefined) this.unselected.add(this.factory.tool(found, tool).operation.name);
        continue;
      }
      if (tool !== undefined) this.add(this.factory.tool(found, tool));
      if (resource !== undefined) this.add(this.factory.resource(found, resource));
      if (prompt !== undefined) this.add(this.factory.prompt(found, prompt));
    }
  }

  private add({ operation, problems }: Made<ServedOperation>): void {
    this.problems.push(...problems);
    if (this.registry.has(operation)) this.problems.push(twice(operation));
    this.registry.add(operation);
  }

  private unknownTool(name: string): string[] {
    const names = [...this.registry.tools().map((tool) => tool.name), ...this.unselected];
    if (names.includes(name)) return [];
    const close = nearest(name, names);
    return [`tools: there is no tool ${name}${close === undefined ? '' : `, did you mean ${close}?`}`];
  }

  private isSelected({ name, core, optIn }: ToolsetOptions): boolean {
    return this.settings.toolsets.some(
      (chosen) =>
        chosen === name || chosen === 'all' || (chosen === 'default' && !optIn) || (chosen === 'core' && core === true),
    );
  }
}

const twice = ({ kind, name }: Operation): string =>
  kind === 'resource' ? `resource ${name}: given twice` : `${kind} ${name}: two ${kind}s share this name`;
