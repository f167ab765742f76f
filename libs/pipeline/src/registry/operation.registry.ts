import { Injectable } from '@nestjs/common';
import type { Operation, PromptOperation, ResourceOperation, ToolDefinition, ToolOperation } from './operation.js';

const byName = (a: Operation, b: Operation): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Everything a caller can run. Filled once at boot, then frozen; every list is sorted, so its order never varies. */
@Injectable()
export class OperationRegistry {
  private readonly toolsByName = new Map<string, ToolOperation>();
  private readonly promptsByName = new Map<string, PromptOperation>();
  private readonly resourcesByUri = new Map<string, ResourceOperation>();
  private readonly byHandler = new Map<unknown, Operation>();
  private sortedTools: readonly ToolOperation[] = [];
  private sortedPrompts: readonly PromptOperation[] = [];
  private sortedResources: readonly ResourceOperation[] = [];

  /** @param handler the method on the prototype, which is what Nest hands to guards and interceptors. */
  add(operation: ToolOperation | PromptOperation | ResourceOperation, handler: unknown): void {
    if (operation.kind === 'tool') this.toolsByName.set(operation.name, operation);
    else if (operation.kind === 'prompt') this.promptsByName.set(operation.name, operation as PromptOperation);
    else this.resourcesByUri.set(operation.name, operation as ResourceOperation);
    this.byHandler.set(handler, operation);
  }

  seal(): void {
    this.sortedTools = Object.freeze([...this.toolsByName.values()].sort(byName));
    this.sortedPrompts = Object.freeze([...this.promptsByName.values()].sort(byName));
    this.sortedResources = Object.freeze([...this.resourcesByUri.values()].sort(byName));
  }

  tool(name: string): ToolOperation | undefined {
    return this.toolsByName.get(name);
  }
  prompt(name: string): PromptOperation | undefined {
    return this.promptsByName.get(name);
  }
  hasResource(uri: string): boolean {
    return this.resourcesByUri.has(uri);
  }
  tools(): readonly ToolOperation[] {
    return this.sortedTools;
  }
  toolDefinitions(): readonly ToolDefinition[] {
    return this.sortedTools.map(({ definition }) => definition);
  }
  prompts(): readonly PromptOperation[] {
    return this.sortedPrompts;
  }
  /** Fixed resources and templates. */
  resources(): readonly ResourceOperation[] {
    return this.sortedResources;
  }

  /** The resource a URI names, with the template's variables. A fixed URI wins over a template. */
  resourceFor(uri: string): { operation: ResourceOperation; variables: Record<string, string> } | undefined {
    const fixed = this.resourcesByUri.get(uri);
    if (fixed !== undefined && fixed.template === undefined) return { operation: fixed, variables: {} };
    for (const operation of this.sortedResources) {
      const variables = operation.template?.match(uri);
      if (variables !== undefined) return { operation, variables };
    }
    return undefined;
  }

  /** @throws Error for a method that is no operation: a stage must never guess. */
  ofHandler(handler: unknown): Operation {
    const operation = this.byHandler.get(handler);
    if (operation === undefined)
      throw new Error('A platform stage stands on a method that is no tool, prompt or resource');
    return operation;
  }
}
