import { Injectable } from '@nestjs/common';
import type { Operation, PromptOperation, ResourceOperation, ToolDefinition, ToolOperation } from './operation.js';

const byName = (a: Operation, b: Operation): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

export type ServedOperation = ToolOperation | PromptOperation | ResourceOperation;

/** Everything a caller can run. Filled at boot, and by code that registers tools later; every list is sorted, so its order never varies. */
@Injectable()
export class OperationRegistry {
  private readonly toolsByName = new Map<string, ToolOperation>();
  private readonly promptsByName = new Map<string, PromptOperation>();
  private readonly resourcesByUri = new Map<string, ResourceOperation>();
  private sortedTools: readonly ToolOperation[] = [];
  private sortedPrompts: readonly PromptOperation[] = [];
  private sortedResources: readonly ResourceOperation[] = [];

  add(operation: ServedOperation): void {
    if (operation.kind === 'tool') this.toolsByName.set(operation.name, operation);
    else if (operation.kind === 'prompt') this.promptsByName.set(operation.name, operation as PromptOperation);
    else this.resourcesByUri.set(operation.name, operation as ResourceOperation);
  }

  seal(): void {
    this.sortedTools = Object.freeze([...this.toolsByName.values()].sort(byName));
    this.sortedPrompts = Object.freeze([...this.promptsByName.values()].sort(byName));
    this.sortedResources = Object.freeze([...this.resourcesByUri.values()].sort(byName));
  }

  /** Whether something of this kind has the name already. */
  has({ kind, name }: Operation): boolean {
    if (kind === 'tool') return this.toolsByName.has(name);
    return kind === 'prompt' ? this.promptsByName.has(name) : this.resourcesByUri.has(name);
  }

  removeTool(name: string): void {
    this.toolsByName.delete(name);
    this.seal();
  }

  tool(name: string): ToolOperation | undefined {
    return this.toolsByName.get(name);
  }
  prompt(name: string): PromptOperation | undefined {
    return this.promptsByName.get(name);
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
}
