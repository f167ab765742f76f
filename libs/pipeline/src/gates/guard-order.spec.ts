import { type CanActivate, type ExecutionContext, UseGuards } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { callOf, InputRequired, Tool } from '@app/mcp';
import { Toolset } from '../toolset.decorator.js';
import { TestKit } from '@app/testing';

const seen: unknown[] = [];
class Spy implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    seen.push(callOf(context).input);
    return true;
  }
}

const options = {
  title: 'T',
  description: 'T',
  input: z.strictObject({ n: z.string().transform(Number) }),
  risk: 'read',
  hints: { destructive: false, idempotent: true, openWorld: false },
} as const;

@Toolset({ name: 'above', scope: 'x' })
@UseGuards(Spy)
class Above {
  @Tool({ ...options, name: 'above' })
  run(): object {
    return {};
  }
}

@UseGuards(Spy)
@Toolset({ name: 'below', scope: 'x' })
class Below {
  @Tool({ ...options, name: 'below' })
  run(): object {
    return {};
  }
  @Tool({ title: 'Q', description: 'Q', name: 'undeclared', risk: 'read', hints: options.hints })
  undeclared(): never {
    throw new InputRequired({}, { answers: {} });
  }
}

describe("an author's guard", () => {
  it.each(['above', 'below'])('runs after the stages of the platform when @Toolset stands %s it', async (tool) => {
    const kit = await TestKit.start({ toolsetClasses: [Above, Below] });
    seen.length = 0;
    expect((await kit.fail(tool, { n: 7 })).code).toBe('INVALID_ARGUMENT');
    expect(seen).toEqual([]);
    await kit.succeed(tool, { n: '7' });
    expect(seen).toEqual([{ n: 7 }]);
    await kit.stop();
  });
});

describe('a question that was not declared', () => {
  it('is a defect of the tool', async () => {
    const kit = await TestKit.start({ toolsetClasses: [Above, Below] });
    expect((await kit.fail('undeclared')).code).toBe('INTERNAL');
    await kit.stop();
  });
});
