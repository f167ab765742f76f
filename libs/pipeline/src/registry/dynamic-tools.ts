import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ChangeEvents, Ctx, Input, type ToolCall, type ToolOptions } from '@app/mcp';
import { Toolset } from '../toolset.decorator.js';
import { DefinitionError } from './definition.error.js';
import { OperationFactory } from './operation.factory.js';
import { OperationRegistry } from './operation.registry.js';

export interface DynamicTool extends ToolOptions {
  readonly name: string;
  /** Scope family, as a toolset has one. */
  readonly scope: string;
  /** Policies and risks, the decorators a method would carry, e.g. `[Retry({ attempts: 2 })]`. */
  readonly declares?: readonly MethodDecorator[];
  /** @param input the validated arguments */
  readonly run: (input: never, call: ToolCall) => unknown;
}

/** The class whose enhancers are those of every tool that is registered by code: the platform's stages. */
@Toolset({ name: 'dynamic', scope: 'dynamic' })
export class DynamicToolset {}

/**
 * Tools that come and go while the server runs. They pass the same stages as any other, and are refused for the same
 * reasons.
 */
@Injectable()
export class DynamicTools {
  constructor(
    private readonly host: DynamicToolset,
    private readonly factory: OperationFactory,
    private readonly registry: OperationRegistry,
    private readonly changes: ChangeEvents,
  ) {}

  /** @throws DefinitionError with every reason why it cannot be served */
  add({ name, scope, declares = [], run, ...options }: DynamicTool): void {
    const handler = (input: unknown, call: ToolCall): unknown => run(input as never, call);
    const method = `dynamic ${name}`;
    // Parameters as a method would have them, so that pipes see the input.
    Input()(DynamicToolset.prototype, method, 0);
    Ctx()(DynamicToolset.prototype, method, 1);
    const descriptor = { value: handler } as unknown as TypedPropertyDescriptor<never>;
    for (const declare of declares) declare(this.host, method, descriptor);
    const found = {
      instance: this.host,
      method,
      handler,
      toolset: { name: 'dynamic', scope },
      generation: randomUUID(),
    };
    const { operation, problems } = this.factory.tool(found, { ...options, name });
    const taken = this.registry.has(operation) ? [`tool ${name}: two tools share this name`] : [];
    if (problems.length + taken.length > 0) throw new DefinitionError([...problems, ...taken]);
    this.registry.add(operation);
    this.registry.seal();
    this.changes.publish({ kind: 'tools_list_changed' });
  }

  /** @returns whether there was such a tool. Calls of it that run go on. */
  remove(name: string): boolean {
    if (this.registry.tool(name)?.toolset !== 'dynamic') return false;
    this.registry.removeTool(name);
    this.changes.publish({ kind: 'tools_list_changed' });
    return true;
  }
}
