import type { Type } from '@nestjs/common';
import { z } from 'zod';
import { Ctx, Input, Tool, type ToolCall } from '@app/mcp';
import {
  Cached,
  CallLimits,
  Confirmation,
  DependsOn,
  Fallback,
  Invalidates,
  Retry,
  Toolset,
  WhatCouldGoWrong,
} from '@app/pipeline';
import { FIXTURE_RISKS } from '@app/testing';
import { BREAKER, type ToolPlan } from './tool-plans.js';
import type { Workbench } from './workbench.js';

const Key = z.strictObject({ key: z.string().max(64) });
const Confirmed = Key.extend({ confirm: z.string().max(64).optional(), dry_run: z.boolean().optional() });
const Text = z.strictObject({ text: z.string() });
type Keyed = z.infer<typeof Key>;

/** The classes an author would have written for these plans. @param lesser what a fallback answers */
export function generatedToolsets(plans: readonly ToolPlan[], bench: Workbench, lesser: string): Type[] {
  const names = [...new Set(plans.map(({ toolset }) => toolset))];
  return names.map((name) =>
    toolsetOf(
      name,
      plans.filter(({ toolset }) => toolset === name),
      bench,
      lesser,
    ),
  );
}

function toolsetOf(name: string, plans: readonly ToolPlan[], bench: Workbench, lesser: string): Type {
  const made = class {};
  Object.defineProperty(made, 'name', { value: name });
  for (const plan of plans) {
    const value = (input: Keyed, call: ToolCall): Promise<unknown> => bench.run(plan, input, call);
    const descriptor = { value, configurable: true, writable: true };
    Object.defineProperty(made.prototype, plan.name, descriptor);
    Input()(made.prototype, plan.name, 0);
    Ctx()(made.prototype, plan.name, 1);
    for (const decorate of decoratorsOf(plan, lesser)) decorate(made.prototype, plan.name, descriptor);
  }
  WhatCouldGoWrong(FIXTURE_RISKS)(made);
  Toolset({ name, scope: 'generated' })(made);
  return made;
}

function decoratorsOf(plan: ToolPlan, lesser: string): MethodDecorator[] {
  const { name, risk, isIdempotent, deadlineMs, dependency, retry, cached, confirmation } = plan;
  const decorators: MethodDecorator[] = [
    Tool({
      name,
      title: name,
      description: 'A generated tool',
      risk,
      hints: { destructive: risk === 'destructive', idempotent: isIdempotent, openWorld: false },
      deadlineMs,
      input: plan.asksToConfirm ? Confirmed : Key,
      ...(plan.isTyped && { output: Text }),
    }),
    CallLimits(plan.limits),
  ];
  if (dependency === 'chosen')
    decorators.push(DependsOn({ dependency: ({ key }: Keyed) => `host_${key.length % 3}`, breaker: BREAKER }));
  else if (dependency !== undefined) decorators.push(DependsOn({ dependency, breaker: BREAKER }));
  if (retry !== undefined) decorators.push(Retry(retry));
  // What one dependency tells is made wrong by those who change it.
  const tags = ({ key }: Keyed): string[] => [`${dependency ?? name} ${key}`];
  if (cached !== undefined) decorators.push(Cached({ ...cached, tags }));
  if (plan.isInvalidating) decorators.push(Invalidates(tags));
  if (plan.hasFallback) decorators.push(Fallback(() => ({ text: lesser })));
  if (confirmation !== undefined) decorators.push(Confirmation(confirmation));
  return decorators;
}
