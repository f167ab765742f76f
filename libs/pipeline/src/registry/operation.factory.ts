import { Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { PromptOptions, ResourceOptions, ToolOptions } from '@app/mcp';
import { Onion } from '../around/onion.js';
import type { Subject } from '../call/subject.js';
import { Policies } from '../policies/policy.js';
import { holesOf } from '../wcgw/register.js';
import { type Risks, WhatCouldGoWrong } from '../wcgw/what-could-go-wrong.js';
import { Invoker } from './invoker.js';
import type { Completer, Lister, PromptOperation, ResourceOperation, ToolOperation } from './operation.js';
import { defineTool, problemsOf, snakeCase } from './tool-definition.js';
import type { ToolsetOptions } from './toolset-mark.js';
import { UriTemplate } from './uri-template.js';

/** A method that was declared to be a tool, resource or prompt. */
export interface Found {
  readonly instance: object;
  readonly method: string;
  readonly handler: (...args: never[]) => unknown;
  readonly toolset: ToolsetOptions;
  /** Of a tool that is registered by code. */
  readonly generation?: string;
}

/** An operation, and everything that speaks against serving it. */
export interface Made<T> {
  readonly operation: T;
  readonly problems: readonly string[];
}

/** Makes operations out of declared methods, and says what is wrong with the declarations. */
@Injectable()
export class OperationFactory {
  constructor(
    private readonly reflector: Reflector,
    private readonly invoker: Invoker,
    private readonly onion: Onion,
  ) {}

  tool(found: Found, options: ToolOptions): Made<ToolOperation> {
    const name = options.name ?? snakeCase(found.method);
    const { title, description, risk, action, deadlineMs, input, output, task, icons, takesUnaskedAnswers } = options;
    const definition = defineTool(name, options);
    const operation: ToolOperation = {
      kind: 'tool',
      name,
      ...this.commonOf(found),
      title,
      description,
      risk,
      action,
      deadlineMs,
      input,
      output,
      task,
      icons,
      takesUnaskedAnswers,
      isRepeatable: risk === 'read' || options.hints.idempotent,
      asksClient: options.asksClient ?? false,
      definition,
      hasHeaderParams: JSON.stringify(definition.inputSchema).includes('"x-mcp-header"'),
    };
    // A read that goes wrong changes nothing: its gaps are shown by the register, and do not stop the server.
    const holes = risk === 'read' ? [] : holesOf(operation, operation.risks);
    const problems = [
      ...problemsOf(name, options),
      ...this.onion.problemsOf(operation).map((problem) => `tool ${name}: ${problem}`),
      ...holes.map(
        (failure) => `tool ${name}: nothing mitigates "${failure}"; declare it with @WhatCouldGoWrong, or waive it`,
      ),
    ];
    return { operation, problems };
  }

  resource(found: Found, options: ResourceOptions): Made<ResourceOperation> {
    const { uri, title, description, mimeType, deadlineMs } = options;
    const problems: string[] = [];
    let template: UriTemplate | undefined;
    try {
      if (uri.includes('{')) template = new UriTemplate(uri);
    } catch (cause) {
      problems.push(`resource ${uri}: ${(cause as Error).message}`);
    }
    if (description.trim() === '') problems.push(`resource ${uri}: a description is missing`);
    const operation: ResourceOperation = {
      kind: 'resource',
      name: uri,
      resourceName: options.name,
      ...this.commonOf(found),
      title,
      description,
      mimeType,
      deadlineMs,
      ...READING,
      asksClient: false,
      template,
      list: options.list === undefined ? undefined : methodOf<Lister>(found, options.list, problems),
      completers: completersOf(found, options.complete, template?.variables ?? [], problems),
    };
    return { operation, problems: [...problems, ...this.policyProblems(operation)] };
  }

  prompt(found: Found, options: PromptOptions): Made<PromptOperation> {
    const name = options.name ?? snakeCase(found.method);
    const problems: string[] = [];
    const shape = options.args?.shape ?? {};
    const args = Object.entries(shape).map(([arg, schema]) => ({
      name: arg,
      description: (schema as { description?: string }).description ?? '',
      required: !(schema as { isOptional(): boolean }).isOptional(),
    }));
    if (options.description.trim() === '') problems.push(`prompt ${name}: a description is missing`);
    for (const arg of args)
      if (arg.description === '') problems.push(`prompt ${name}: argument ${arg.name} has no description`);
    const { title, description, deadlineMs } = options;
    const operation: PromptOperation = {
      kind: 'prompt',
      name,
      ...this.commonOf(found),
      title,
      description,
      deadlineMs,
      ...READING,
      asksClient: options.asksClient ?? false,
      input: options.args,
      args,
      completers: completersOf(found, options.complete, Object.keys(shape), problems),
    };
    return { operation, problems: [...problems, ...this.policyProblems(operation)] };
  }

  // oxlint-disable-next-line typescript/no-unsafe-function-type
  private risksOf(declaring: Function): Risks | undefined {
    return this.reflector.get(WhatCouldGoWrong, declaring) as Risks | undefined;
  }

  private policyProblems(subject: Subject): string[] {
    return this.onion.problemsOf(subject).map((problem) => `${subject.kind} ${subject.name}: ${problem}`);
  }

  private commonOf({ instance, method, handler, toolset, generation }: Found) {
    return {
      ...(generation !== undefined && { generation }),
      toolset: toolset.name,
      scope: toolset.scope,
      policies: Policies.of(handler, instance.constructor),
      risks: { ...this.risksOf(instance.constructor), ...this.risksOf(handler) },
      invoke: this.invoker.of(instance, handler, method),
    };
  }
}

const READING = { risk: 'read', isRepeatable: true } as const;

function methodOf<T>({ instance, method }: Found, name: string, problems: string[]): T {
  const target = (instance as Record<string, unknown>)[name];
  if (typeof target !== 'function') {
    problems.push(`${instance.constructor.name}.${method}: names the method ${name}, which does not exist`);
    return (() => []) as T;
  }
  return target.bind(instance) as T;
}

function completersOf(
  found: Found,
  complete: Readonly<Record<string, string>> = {},
  known: readonly string[],
  problems: string[],
): Map<string, Completer> {
  const completers = new Map<string, Completer>();
  for (const [argument, method] of Object.entries(complete)) {
    if (!known.includes(argument))
      problems.push(
        `${found.instance.constructor.name}.${found.method}: completes ${argument}, which it does not take`,
      );
    completers.set(argument, methodOf<Completer>(found, method, problems));
  }
  return completers;
}
