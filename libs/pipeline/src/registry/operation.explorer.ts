import { Injectable, type OnModuleInit } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { Prompt, type PromptOptions, Resource, type ResourceOptions, Tool, type ToolOptions } from '@app/mcp';
import { ToolSettings } from '@app/config';
import { GUARD_STAGES } from '../stages/guard-stages.js';
import { DefinitionError } from './definition.error.js';
import { Invoker } from './invoker.js';
import type { Completer, Lister } from './operation.js';
import { OperationRegistry } from './operation.registry.js';
import { defineTool, problemsOf, snakeCase } from './tool-definition.js';
import { ToolsetMark, type ToolsetOptions } from './toolset-mark.js';
import { UriTemplate } from './uri-template.js';

interface Found {
  readonly instance: object;
  readonly method: string;
  readonly handler: (...args: never[]) => unknown;
  readonly toolset: ToolsetOptions;
}

/** Finds every operation once, at boot. Refuses the boot with all reasons when any definition is bad. */
@Injectable()
export class OperationExplorer implements OnModuleInit {
  private readonly problems: string[] = [];

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
    private readonly invoker: Invoker,
    private readonly registry: OperationRegistry,
    private readonly settings: ToolSettings,
  ) {}

  onModuleInit(): void {
    const known = new Set<string>();
    for (const wrapper of this.discovery.getProviders()) {
      const instance = wrapper.instance as unknown;
      if (typeof instance !== 'object' || instance === null || typeof instance.constructor !== 'function') continue;
      const toolset = this.reflector.get(ToolsetMark, instance.constructor) as ToolsetOptions | undefined;
      if (toolset !== undefined) {
        known.add(toolset.name);
        this.verifyStages(instance.constructor);
        if (!wrapper.isDependencyTreeStatic())
          this.problems.push(
            `${instance.constructor.name}: depends on something made per request; a toolset is made once`,
          );
      }
      this.exploreProvider(instance, toolset);
    }
    for (const name of this.settings.toolsets)
      if (!['core', 'default', 'all'].includes(name) && !known.has(name))
        this.problems.push(`toolset ${name}: selected by TOOLSETS, but there are only ${[...known].sort().join(', ')}`);
    if (this.problems.length > 0) throw new DefinitionError(this.problems);
    this.registry.seal();
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
      if (!this.isSelected(toolset)) continue;
      const found: Found = { instance, method, handler, toolset };
      if (tool !== undefined) this.addTool(found, tool);
      if (resource !== undefined) this.addResource(found, resource);
      if (prompt !== undefined) this.addPrompt(found, prompt);
    }
  }

  /** The platform's guards stand first and in their order, or the server does not start. */
  private verifyStages(toolset: object): void {
    const guards = (Reflect.getMetadata(GUARDS_METADATA, toolset) ?? []) as unknown[];
    if (!GUARD_STAGES.every((guard, index) => guards[index] === guard))
      this.problems.push(
        `${(toolset as { name: string }).name}: the platform's stages are not the first of its guards`,
      );
  }

  private isSelected({ name, core, optIn }: ToolsetOptions): boolean {
    return this.settings.toolsets.some(
      (chosen) =>
        chosen === name || chosen === 'all' || (chosen === 'default' && !optIn) || (chosen === 'core' && core === true),
    );
  }

  private addTool(found: Found, options: ToolOptions): void {
    const name = options.name ?? snakeCase(found.method);
    this.problems.push(...problemsOf(name, options));
    if (this.registry.tool(name) !== undefined) this.problems.push(`tool ${name}: two tools share this name`);
    const { title, description, risk, deadlineMs, input, output, task, icons, takesUnaskedAnswers } = options;
    const common = { title, description, risk, deadlineMs, input, output, task, icons, takesUnaskedAnswers };
    const definition = defineTool(name, options);
    this.registry.add(
      {
        kind: 'tool',
        name,
        ...this.commonOf(found),
        ...common,
        asksClient: options.asksClient ?? false,
        definition,
        hasHeaderParams: JSON.stringify(definition.inputSchema).includes('"x-mcp-header"'),
      },
      found.handler,
    );
  }

  private addResource(found: Found, options: ResourceOptions): void {
    const { uri, title, description, mimeType, deadlineMs } = options;
    let template: UriTemplate | undefined;
    try {
      if (uri.includes('{')) template = new UriTemplate(uri);
    } catch (cause) {
      this.problems.push(`resource ${uri}: ${(cause as Error).message}`);
    }
    if (description.trim() === '') this.problems.push(`resource ${uri}: a description is missing`);
    if (this.registry.hasResource(uri)) this.problems.push(`resource ${uri}: given twice`);
    this.registry.add(
      {
        kind: 'resource',
        name: uri,
        resourceName: options.name,
        ...this.commonOf(found),
        title,
        description,
        mimeType,
        deadlineMs,
        risk: 'read',
        asksClient: false,
        template,
        list: options.list === undefined ? undefined : this.methodOf<Lister>(found, options.list),
        completers: this.completersOf(found, options.complete, template?.variables ?? []),
      },
      found.handler,
    );
  }

  private addPrompt(found: Found, options: PromptOptions): void {
    const name = options.name ?? snakeCase(found.method);
    const shape = options.args?.shape ?? {};
    const args = Object.entries(shape).map(([arg, schema]) => ({
      name: arg,
      description: (schema as { description?: string }).description ?? '',
      required: !(schema as { isOptional(): boolean }).isOptional(),
    }));
    if (options.description.trim() === '') this.problems.push(`prompt ${name}: a description is missing`);
    for (const arg of args)
      if (arg.description === '') this.problems.push(`prompt ${name}: argument ${arg.name} has no description`);
    if (this.registry.prompt(name) !== undefined) this.problems.push(`prompt ${name}: two prompts share this name`);
    const { title, description, deadlineMs } = options;
    this.registry.add(
      {
        kind: 'prompt',
        name,
        ...this.commonOf(found),
        title,
        description,
        deadlineMs,
        risk: 'read',
        asksClient: options.asksClient ?? false,
        input: options.args,
        args,
        completers: this.completersOf(found, options.complete, Object.keys(shape)),
      },
      found.handler,
    );
  }

  private commonOf({ instance, method, toolset }: Found) {
    return { toolset: toolset.name, scope: toolset.scope, invoke: this.invoker.of(instance, method) };
  }

  private methodOf<T>({ instance, method }: Found, name: string): T {
    const target = (instance as Record<string, unknown>)[name];
    if (typeof target !== 'function') {
      this.problems.push(`${instance.constructor.name}.${method}: names the method ${name}, which does not exist`);
      return (() => []) as T;
    }
    return target.bind(instance) as T;
  }

  private completersOf(found: Found, complete: Readonly<Record<string, string>> = {}, known: readonly string[]) {
    const completers = new Map<string, Completer>();
    for (const [argument, method] of Object.entries(complete)) {
      if (!known.includes(argument))
        this.problems.push(
          `${found.instance.constructor.name}.${found.method}: completes ${argument}, which it does not take`,
        );
      completers.set(argument, this.methodOf<Completer>(found, method));
    }
    return completers;
  }
}
