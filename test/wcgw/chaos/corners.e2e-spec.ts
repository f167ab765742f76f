import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Tool } from '@app/mcp';
import { Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { FIXTURE_RISKS, injected } from '@app/testing';
import { StagedServer } from '../staged-server.js';

const hints = { destructive: false, idempotent: true, openWorld: false };
const loose = { title: 'L', description: 'Without an output schema', risk: 'read', hints } as const;

let answer: () => unknown;

@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'loose', scope: 'loose' })
class LooseTools {
  @Tool({ ...loose, name: 'answer_anything' })
  answerAnything(): unknown {
    return answer();
  }
}

/** What no JSON text can hold. */
const UNWRITABLE: Readonly<Record<string, () => unknown>> = {
  'a bigint': () => 7n,
  'a bigint inside': () => ({ count: 7n }),
  'a function': () => () => 7,
  'a symbol': () => Symbol('seven'),
  'an object that does not let itself be written': () => ({
    toJSON: () => {
      throw new Error('not me');
    },
  }),
};

/** Defends itself against whoever looks what it is. */
const trap = (): object =>
  new Proxy(
    {},
    {
      get() {
        throw new Error('a trap');
      },
    },
  );

let server: StagedServer;
beforeAll(async () => {
  server = await StagedServer.start({ limits: { sameFailures: 1_000 } }, [LooseTools]);
});
afterAll(() => server.stop());

/** What the caller read, and what was counted for him. */
async function call(): Promise<{ told: string; counted: string[] }> {
  const before = await counts();
  const told = await server.call('answer_anything', {}).then(
    ({ end }) => end,
    (error: Error) => `no result: ${error.message}`,
  );
  const after = await counts();
  return { told, counted: [...after.keys()].filter((end) => after.get(end) !== (before.get(end) ?? 0)) };
}
async function counts(): Promise<Map<string, number>> {
  const ends = ['success', 'INTERNAL', 'protocol_error'];
  return new Map(
    await Promise.all(
      ends.map(async (end): Promise<[string, number]> => [end, await server.outcomes('answer_anything', end)]),
    ),
  );
}

describe('a tool without an output schema', () => {
  for (const [what, make] of Object.entries(UNWRITABLE))
    it(
      injected('bad result', 'validate output', `${what} is a defect, and counted as what the caller is told`),
      async () => {
        answer = make;
        expect(await call()).toEqual({ told: 'INTERNAL', counted: ['INTERNAL'] });
      },
    );

  it('whatever is thrown is told as INTERNAL, also what defends itself against being looked at', async () => {
    answer = () => Promise.reject(trap() as Error);
    expect(await call()).toEqual({ told: 'INTERNAL', counted: ['INTERNAL'] });
  });
});
