import { z } from 'zod';
import {
  type CompletionQuery,
  Ctx,
  Input,
  type ListQuery,
  Prompt,
  type PromptMessage,
  Resource,
  type ResourceContents,
  type ResourcePage,
  Tool,
  ToolCall,
} from '@app/mcp';
import { Cached, Retry, Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { FIXTURE_RISKS } from '@app/testing';

const Key = z.strictObject({ key: z.string().max(64) });
type Key = z.infer<typeof Key>;
const Text = z.strictObject({ text: z.string() });
type Text = z.infer<typeof Text>;
const quiet = { destructive: false, idempotent: true, openWorld: false };
const reading = { title: 'R', description: 'Reads', input: Key, output: Text, risk: 'read', hints: quiet } as const;
const again = { attempts: 3, baseDelayMs: 1, maxDelayMs: 2 } as const;

const nameOf = ({ principal }: ToolCall): string =>
  `${principal.tenant} ${principal.subject} ${principal.scopes.join('+')}`;

/** What answers differently to each caller, in every way there is to answer. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'callers', scope: 'callers' })
export class CallerTools {
  /** What was done, and for whom. */
  readonly runs: string[] = [];

  private answer(what: string, call: ToolCall): Text {
    this.runs.push(what);
    return { text: nameOf(call) };
  }

  @Tool({ ...reading, name: 'read_own' })
  @Cached({ ttlMs: 60_000 })
  readOwn(@Input() _input: Key, @Ctx() call: ToolCall): Text {
    return this.answer('read_own', call);
  }

  @Tool({ ...reading, name: 'read_common' })
  @Cached({ ttlMs: 60_000, shared: true })
  readCommon(@Input() _input: Key, @Ctx() call: ToolCall): Text {
    return this.answer('read_common', call);
  }

  @Tool({ ...reading, name: 'set_thing', risk: 'write' })
  @Retry(again)
  setThing(@Input() _input: Key, @Ctx() call: ToolCall): Text {
    return this.answer('set_thing', call);
  }

  @Tool({ ...reading, name: 'append_thing', risk: 'write', hints: { ...quiet, idempotent: false } })
  @Retry({ ...again, onlyKeyed: true })
  appendThing(@Input() _input: Key, @Ctx() call: ToolCall): Text {
    return this.answer('append_thing', call);
  }

  @Tool({ ...reading, name: 'append_once', risk: 'write', hints: { ...quiet, idempotent: false } })
  appendOnce(@Input() _input: Key, @Ctx() call: ToolCall): Text {
    return this.answer('append_once', call);
  }

  @Resource({
    uri: 'callers://{name}/{part}',
    name: 'callers',
    description: 'What a caller has',
    list: 'listOwn',
    complete: { name: 'completeName' },
  })
  readThing(@Input() { name }: { name: string }, @Ctx() call: ToolCall): ResourceContents {
    return { uri: `callers://${name}/whole`, text: nameOf(call) };
  }
  listOwn(_query: ListQuery, call: ToolCall): ResourcePage {
    return { entries: [{ uri: 'callers://own/whole', name: nameOf(call) }] };
  }
  completeName(_query: CompletionQuery, call: ToolCall): string[] {
    return [nameOf(call)];
  }

  @Prompt({
    name: 'greet_caller',
    title: 'Greet',
    description: 'Greets',
    args: z.object({ name: z.string().describe('Whom') }),
    complete: { name: 'completeName' },
  })
  greetCaller(): PromptMessage[] {
    return [{ role: 'user', content: { type: 'text', text: 'Hello' } }];
  }
}
