import { z } from 'zod';
import { Input, Tool } from '@app/mcp';
import { CallLimits, DependsOn, Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { FIXTURE_RISKS } from '@app/testing';

const Key = z.strictObject({ key: z.string().max(64) });
type Key = z.infer<typeof Key>;
const Text = z.strictObject({ text: z.string() });
const hints = { destructive: false, idempotent: true, openWorld: false };
const reading = { title: 'D', description: 'Reads', input: Key, output: Text, risk: 'read', hints } as const;
const writing = { ...reading, description: 'Writes', risk: 'write', hints: { ...hints, idempotent: false } } as const;
export const DEADLINE_MS = 250;
export const ROOM = { concurrency: 20, queue: 0 };
/** Equal tools, each with a room of its own. */
export const DEAF = ['deaf_0', 'deaf_1', 'deaf_2', 'deaf_3', 'deaf_4'];

/** Tools whose methods are made deaf, and one that is left alone. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'deaf', scope: 'deaf' })
export class DeafTools {
  @Tool({ ...reading, name: 'deaf_0', deadlineMs: DEADLINE_MS })
  @CallLimits(ROOM)
  deaf0(@Input() { key }: Key): unknown {
    return { text: key };
  }

  @Tool({ ...reading, name: 'deaf_1', deadlineMs: DEADLINE_MS })
  @CallLimits(ROOM)
  deaf1(@Input() { key }: Key): unknown {
    return { text: key };
  }

  @Tool({ ...reading, name: 'deaf_2', deadlineMs: DEADLINE_MS })
  @CallLimits(ROOM)
  deaf2(@Input() { key }: Key): unknown {
    return { text: key };
  }

  @Tool({ ...reading, name: 'deaf_3', deadlineMs: DEADLINE_MS })
  @CallLimits(ROOM)
  deaf3(@Input() { key }: Key): unknown {
    return { text: key };
  }

  @Tool({ ...reading, name: 'deaf_4', deadlineMs: DEADLINE_MS })
  @CallLimits(ROOM)
  deaf4(@Input() { key }: Key): unknown {
    return { text: key };
  }

  @Tool({ ...reading, name: 'well' })
  well(@Input() { key }: Key): unknown {
    return { text: key };
  }

  @Tool({ ...reading, name: 'narrow', deadlineMs: 1_500 })
  @CallLimits({ concurrency: 2, queue: 3 })
  narrow(@Input() { key }: Key): unknown {
    return { text: key };
  }

  @Tool({ ...reading, name: 'one_of_upstream', deadlineMs: DEADLINE_MS })
  @DependsOn({ dependency: 'upstream' })
  @CallLimits({ concurrency: 1, queue: 0 })
  oneOfUpstream(@Input() { key }: Key): unknown {
    return { text: key };
  }

  @Tool({ ...reading, name: 'two_of_upstream', deadlineMs: DEADLINE_MS })
  @DependsOn({ dependency: 'upstream' })
  @CallLimits({ concurrency: 2, queue: 0 })
  twoOfUpstream(@Input() { key }: Key): unknown {
    return { text: key };
  }

  @Tool({ ...writing, name: 'change', deadlineMs: DEADLINE_MS })
  change(@Input() { key }: Key): unknown {
    return { text: key };
  }

  @Tool({ ...writing, name: 'change_by_attempt', output: undefined })
  @CallLimits({ attemptTimeoutMs: 100 })
  changeByAttempt(@Input() { key }: Key): unknown {
    return { text: key };
  }
}
