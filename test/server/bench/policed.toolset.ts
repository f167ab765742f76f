import { z } from 'zod';
import { Input, Tool } from '@app/mcp';
import { Cached, CallLimits, DependsOn, Fallback, Invalidates, Retry, Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { FIXTURE_RISKS } from '@app/testing';

const Text = z.strictObject({ text: z.string().max(1_000) });
type Text = z.infer<typeof Text>;
const hints = { destructive: false, idempotent: true, openWorld: false };
const shape = { title: 'E', description: 'Sends its text back', input: Text, output: Text, hints } as const;

/** The same little work under no policy of its own, and under every one that a tool of its risk can have. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'bench', scope: 'bench' })
export class PolicedTools {
  @Tool({ ...shape, name: 'echo_plain', risk: 'read' })
  plain(@Input() { text }: Text): Text {
    return { text };
  }

  @Tool({ ...shape, name: 'echo_policed', risk: 'read' })
  @DependsOn({ dependency: 'bench' })
  @Retry({ attempts: 3 })
  @Cached({ ttlMs: 60_000, staleIfErrorMs: 60_000, tags: ({ text }: Text) => [text] })
  @Fallback(() => ({ text: '' }))
  @CallLimits({ attemptTimeoutMs: 10_000, callsPerWindow: 60_000, concurrency: 16, queue: 16, outputBytes: 10_000 })
  policed(@Input() { text }: Text): Text {
    return { text };
  }

  @Tool({ ...shape, name: 'change_policed', risk: 'write' })
  @DependsOn({ dependency: 'bench' })
  @Retry({ attempts: 3 })
  @Invalidates(({ text }: Text) => [text])
  @CallLimits({ attemptTimeoutMs: 10_000, callsPerWindow: 60_000, concurrency: 16, queue: 16, outputBytes: 10_000 })
  change(@Input() { text }: Text): Text {
    return { text };
  }
}
