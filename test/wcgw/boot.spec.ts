import { Injectable, type Type } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { type Risk, Tool, type ToolOptions } from '@app/mcp';
import {
  Cached,
  CallLimits,
  Confirmation,
  DatabaseTool,
  definePolicy,
  DependsOn,
  Fallback,
  FileTool,
  HttpTool,
  InTransaction,
  OperationRegistry,
  ProcessTool,
  Retry,
  Toolset,
  Transactions,
  WcgwRegister,
  WhatCouldGoWrong,
} from '@app/pipeline';
import { FIXTURE_RISKS, TestKit } from '@app/testing';
import { KindTools } from './kinds.toolset.js';
import { RememberedTransactions } from './whole.toolset.js';

const NobodyExecutesThis = definePolicy<string>('nobody_executes_this');
const TRANSACTIONS = { provide: Transactions, useFactory: () => new RememberedTransactions() };

const options = (risk: Risk): ToolOptions => ({
  name: 'paint_wall',
  title: 'Paint',
  description: 'Paints a wall',
  ...(risk === 'destructive' && { input: z.strictObject({ confirm: z.string().max(64).optional() }) }),
  risk,
  hints: { destructive: risk === 'destructive', idempotent: false, openWorld: false },
});

/** A toolset of one tool, which is well defined but for what is given. */
function painted(tool: MethodDecorator, ...declares: (MethodDecorator & ClassDecorator)[]): Type {
  @WhatCouldGoWrong(FIXTURE_RISKS)
  @Toolset({ name: 'painted', scope: 'painted' })
  class Painted {
    paint(): object {
      return {};
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(Painted.prototype, 'paint')!;
  for (const declare of [tool, ...declares]) declare(Painted.prototype, 'paint', descriptor);
  return Painted;
}
const tool = (risk: Risk, ...declares: (MethodDecorator & ClassDecorator)[]): Type =>
  painted(Tool(options(risk)), ...declares);

/** What stops the boot, and nothing when it does not. */
async function refusal(classes: Type[], bindings: (typeof TRANSACTIONS)[] = []): Promise<string | undefined> {
  try {
    await (await TestKit.start({ toolsetClasses: classes, bindings })).stop();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the server does not start with', () => {
  it.each<[what: string, toolset: Type, reason: RegExp]>([
    [
      'a policy that nothing executes',
      tool('read', NobodyExecutesThis('at all')),
      /paint_wall: declares the policy nobody_executes_this, which nothing executes/,
    ],
    [
      'a transaction where nothing runs transactions',
      tool('read', InTransaction({ connection: 'main', mode: 'read' })),
      /paint_wall: declares the policy in_transaction, which nothing executes/,
    ],
    [
      'a database tool with a transaction where nothing runs transactions',
      painted(DatabaseTool({ ...options('read'), connection: 'main', transaction: 'read' })),
      /paint_wall: declares the policy in_transaction, which nothing executes/,
    ],
    [
      'a retry of a write that is not idempotent',
      tool('write', Retry({ attempts: 2 })),
      /paint_wall: declares @Retry, but is neither read-only nor idempotent/,
    ],
    ['a cache before a write', tool('write', Cached({ ttlMs: 1_000 })), /paint_wall: declares @Cached, but changes/],
    [
      'a stand-in for a write',
      tool(
        'write',
        Fallback(() => ({})),
      ),
      /paint_wall: declares @Fallback, but changes/,
    ],
    [
      'a destructive tool that nobody confirms',
      tool('destructive', Confirmation('none')),
      /paint_wall: is of risk destructive, and that cannot do without a confirmation/,
    ],
  ])('%s, and its message names the tool', async (_what, toolset, reason) => {
    const message = await refusal([toolset]);
    expect(message).toMatch(reason);
    expect(message!.match(/^ {2}- /gm)).toHaveLength(1);
  });

  it('a transaction of a connection that does not exist', async () => {
    const away = tool('read', InTransaction({ connection: 'elsewhere', mode: 'read' }));
    expect(await refusal([away], [TRANSACTIONS])).toMatch(/paint_wall: .* connection elsewhere, which does not exist/);
    const here = tool('read', InTransaction({ connection: 'main', mode: 'read' }));
    expect(await refusal([here], [TRANSACTIONS])).toBeUndefined();
  });

  it('a tool that stands outside of a toolset', async () => {
    @Injectable()
    class Stray {
      @Tool(options('read'))
      paintWall(): object {
        return {};
      }
    }
    expect(await refusal([Stray])).toMatch(/Stray\.paintWall: stands outside a @Toolset/);
  });

  it.each(['escape', 'dependency down', 'partial write', 'lost update'])(
    'a write that has no answer to "%s", until it is waived',
    async (failure) => {
      const { [failure]: answer, ...others } = FIXTURE_RISKS;
      const opened = (risks: typeof FIXTURE_RISKS): Type => {
        @Toolset({ name: 'opened', scope: 'opened' })
        class Opened {
          @Tool(options('write'))
          @WhatCouldGoWrong(risks)
          paint(): object {
            return {};
          }
        }
        return Opened;
      };
      expect(await refusal([opened(others)])).toContain(`tool paint_wall: nothing mitigates "${failure}"`);
      expect(await refusal([opened({ ...others, [failure]: answer! })])).toBeUndefined();
    },
  );

  it('two tools of one name, in whatever toolsets', async () => {
    expect(await refusal([tool('read'), tool('read')])).toMatch(/tool paint_wall: two tools share this name/);
  });

  it('tells every reason at once', async () => {
    const message = await refusal([tool('write', Retry({}), Cached({ ttlMs: 1 }), NobodyExecutesThis('at all'))]);
    expect(message!.match(/tool paint_wall: /g)).toHaveLength(3);
  });
});

describe('a hole in a tool that only reads', () => {
  it('does not stop the server, and stands in the register', async () => {
    @Toolset({ name: 'opened', scope: 'opened' })
    class Opened {
      @Tool(options('read'))
      paint(): object {
        return {};
      }
    }
    const kit = await TestKit.start({ toolsetClasses: [Opened] });
    expect(kit.get(WcgwRegister).holes()).toEqual(['paint_wall: escape', 'paint_wall: dependency down']);
    await kit.stop();
  });
});

describe('what a kind of tool declares', () => {
  const policiesOf = async (name: string) => {
    const kit = await TestKit.start({ toolsetClasses: [KindTools], bindings: [TRANSACTIONS] });
    const { policies } = kit.get(OperationRegistry).tool(name)!;
    await kit.stop();
    return policies;
  };

  it('a file tool: how large its result may be', async () => {
    const policies = await policiesOf('file_plain');
    expect(policies.get(CallLimits)).toEqual({ outputBytes: 1_000 });
    expect([policies.get(Retry), policies.get(DependsOn)]).toEqual([undefined, undefined]);
  });

  it('a database tool: its connection as what it depends on, a retry where it is safe, and its transaction', async () => {
    const reading = await policiesOf('database_read');
    expect(reading.get(DependsOn)).toEqual({ dependency: 'db:main' });
    expect(reading.get(Retry)).toEqual({ attempts: 3 });
    expect(reading.get(InTransaction)).toEqual({ connection: 'main', mode: 'read' });
    const writing = await policiesOf('database_write');
    expect([writing.get(Retry), writing.get(InTransaction)]).toEqual([undefined, undefined]);
  });

  it('a process tool: few at once, and how much they may print', async () => {
    expect((await policiesOf('process_plain')).get(CallLimits)).toEqual({ concurrency: 4, outputBytes: 1_048_576 });
  });

  it('an http tool: its service, the time of an attempt, and a retry where it is safe', async () => {
    const reading = await policiesOf('http_read');
    expect(reading.get(DependsOn)).toEqual({ dependency: 'http:weather' });
    expect(reading.get(CallLimits)).toEqual({ attemptTimeoutMs: 10_000 });
    expect(reading.get(Retry)).toEqual({ attempts: 3 });
    const writing = await policiesOf('http_write');
    expect(writing.get(Retry)).toBeUndefined();
    expect(writing.get(DependsOn)!.dependency).toBeInstanceOf(Function);
  });

  it.each(['http_above', 'http_below'])("the author's own word wins over the bundle's, written %s it", async (name) => {
    const policies = await policiesOf(name);
    expect(policies.get(Retry)).toEqual({ attempts: 5 });
    expect(policies.get(CallLimits)).toEqual({ attemptTimeoutMs: 7, outputBytes: 9 });
  });
});

describe('what a class declares', () => {
  it('holds for its methods over their bundles; what a method declares wins over it, number by number', async () => {
    @WhatCouldGoWrong(FIXTURE_RISKS)
    @CallLimits({ outputBytes: 50, concurrency: 2, attemptTimeoutMs: 30 })
    @Toolset({ name: 'layered', scope: 'layered' })
    class Layered {
      @FileTool({ ...options('read'), name: 'of_the_class', maxBytes: 1_000 })
      ofTheClass(): object {
        return {};
      }
      @ProcessTool({ ...options('read'), name: 'of_the_method', maxOutputBytes: 1_000 })
      @CallLimits({ outputBytes: 70 })
      ofTheMethod(): object {
        return {};
      }
      @HttpTool({ ...options('read'), name: 'of_the_bundle', service: 'weather' })
      ofTheBundle(): object {
        return {};
      }
    }
    const kit = await TestKit.start({ toolsetClasses: [Layered] });
    const of = (name: string) => kit.get(OperationRegistry).tool(name)!.policies;
    expect(of('of_the_class').get(CallLimits)).toEqual({ outputBytes: 50, concurrency: 2, attemptTimeoutMs: 30 });
    expect(of('of_the_method').get(CallLimits)).toEqual({ outputBytes: 70, concurrency: 2, attemptTimeoutMs: 30 });
    expect(of('of_the_bundle').get(DependsOn)).toEqual({ dependency: 'http:weather' });
    kit.inject('of_the_class', () => Promise.resolve({ text: 'x'.repeat(60) }));
    kit.inject('of_the_method', () => Promise.resolve({ text: 'x'.repeat(55) }));
    expect((await kit.fail('of_the_class')).code).toBe('LIMIT');
    expect(await kit.succeed('of_the_method')).toEqual({ text: 'x'.repeat(55) });
    await kit.stop();
  });
});
