import { Injectable, Scope } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { Prompt, Resource, Tool, type ToolOptions } from '@app/mcp';
import { FixtureTools, TestKit } from '@app/testing';
import { Toolset } from '../toolset.decorator.js';
import { DefinitionError } from './definition.error.js';
import { OperationRegistry } from './operation.registry.js';

const good: ToolOptions = {
  title: 'Good',
  description: 'A good tool',
  risk: 'read',
  hints: { destructive: false, idempotent: true, openWorld: false },
};

function toolsetOf(options: ToolOptions): new () => object {
  @Toolset({ name: 'planted', scope: 'planted' })
  class Planted {
    @Tool(options)
    doSomething(): object {
      return {};
    }
  }
  return Planted;
}

async function problems(...toolsetClasses: (new () => object)[]): Promise<readonly string[]> {
  try {
    const kit = await TestKit.start({ toolsetClasses });
    await kit.stop();
    return [];
  } catch (error) {
    if (error instanceof DefinitionError) return error.problems;
    throw error;
  }
}

describe('definitions at boot', () => {
  it('takes a good one', async () => {
    expect(await problems(toolsetOf(good))).toEqual([]);
  });

  it.each<[string, Partial<ToolOptions>, RegExp]>([
    ['a name with spaces', { name: 'do it' }, /name is 1 to 64/],
    ['a name of 65 characters', { name: 'x'.repeat(65) }, /name is 1 to 64/],
    ['no description', { description: ' ' }, /description is missing/],
    ['too long a description', { description: 'x'.repeat(351) }, /at most 350/],
    ['invisible characters', { description: 'good\u200b' }, /invisible/],
    ['an input that lets unknown keys pass', { input: z.object({ a: z.string() }) }, /strict/],
    ['a reading tool that destroys', { hints: { ...good.hints, destructive: true } }, /cannot be destructive/],
    ['a deadline of nothing', { deadlineMs: 0 }, /positive/],
  ])('refuses %s', async (_name, flaw, reason) => {
    expect(await problems(toolsetOf({ ...good, ...flaw }))).toEqual([expect.stringMatching(reason)]);
  });

  it('refuses a destructive tool without its hint, without a confirmation, and without an answer to what could go wrong', async () => {
    const found = await problems(toolsetOf({ ...good, risk: 'destructive' }));
    const gaps = [
      'escape',
      'dependency down',
      'partial write',
      'lost update',
      'orphan',
      'resource exhaustion',
      'exfiltration',
    ];
    expect(found).toEqual([
      expect.stringMatching(/do_something: .*destructive hint/),
      expect.stringMatching(/do_something: .*needs an optional text `confirm`/),
      ...gaps.map((gap) => expect.stringMatching(new RegExp(`do_something: nothing mitigates "${gap}"`))),
    ]);
  });

  it('takes a description of exactly 350 characters and a name of 64', async () => {
    expect(await problems(toolsetOf({ ...good, description: 'x'.repeat(350), name: 'x'.repeat(64) }))).toEqual([]);
  });

  it('refuses two tools of one name', async () => {
    expect(await problems(toolsetOf(good), toolsetOf(good))).toEqual([expect.stringContaining('share this name')]);
  });

  it('refuses a tool outside of a toolset, where no policy would run', async () => {
    @Injectable()
    class Stray {
      @Tool(good)
      strayTool(): object {
        return {};
      }
    }
    expect(await problems(Stray)).toEqual([expect.stringContaining('Stray.strayTool: stands outside a @Toolset')]);
  });

  it('refuses resources and prompts that name what is not there', async () => {
    @Toolset({ name: 'planted', scope: 'planted' })
    class Planted {
      @Resource({ uri: 'x://{a}/{+b}', name: 'x', description: 'x', list: 'nowhere', complete: { c: 'completeC' } })
      read(): object {
        return {};
      }
      @Prompt({ title: 'P', description: 'P', args: z.object({ bare: z.string() }) })
      say(): unknown[] {
        return [];
      }
      completeC(): string[] {
        return [];
      }
    }
    expect(await problems(Planted)).toEqual([
      expect.stringContaining('nowhere'),
      expect.stringContaining('completes c'),
      expect.stringContaining('argument bare has no description'),
    ]);
  });

  it('refuses a method that is two things, or its input would be checked as only one of them', async () => {
    @Toolset({ name: 'planted', scope: 'planted' })
    class Planted {
      @Tool(good)
      @Resource({ uri: 'x://y', name: 'x', description: 'x' })
      both(): object {
        return {};
      }
    }
    expect(await problems(Planted)).toEqual([expect.stringContaining('more than one')]);
  });

  it('refuses a toolset that is made per request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class PerRequest {}
    @Toolset({ name: 'planted', scope: 'planted' })
    class Planted {
      constructor(readonly dependency: PerRequest) {}
      @Tool(good)
      doSomething(): object {
        return {};
      }
    }
    const start = TestKit.start({ toolsetClasses: [Planted], providers: [PerRequest] });
    await expect(start).rejects.toThrow(/made per request/);
  });

  it('tells all problems of all tools at once', async () => {
    expect(await problems(toolsetOf({ ...good, description: '', title: '' }))).toHaveLength(2);
  });
});

describe('the registry', () => {
  it('lists tools sorted by name, with all four annotations explicit', async () => {
    const kit = await TestKit.start({ toolsetClasses: [FixtureTools] });
    const definitions = kit.get(OperationRegistry).toolDefinitions();
    const names = definitions.map(({ name }) => name);
    expect(names).toEqual([...names].sort());
    expect(names.length).toBeGreaterThan(8);
    for (const { annotations } of definitions)
      expect(Object.values(annotations).filter((hint) => typeof hint === 'boolean')).toHaveLength(4);
    await kit.stop();
  });

  it('serves only the selected toolsets, and refuses a selection that does not exist', async () => {
    const kit = await TestKit.start({ toolsetClasses: [FixtureTools, toolsetOf(good)], toolsets: ['planted'] });
    expect(
      kit
        .get(OperationRegistry)
        .tools()
        .map(({ name }) => name),
    ).toEqual(['do_something']);
    await kit.stop();
    await expect(TestKit.start({ toolsetClasses: [FixtureTools], toolsets: ['nope'] })).rejects.toThrow(/nope/);
  });
});
