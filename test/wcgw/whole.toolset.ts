import { z } from 'zod';
import { Input, Tool, type ToolCall } from '@app/mcp';
import {
  CallLimits,
  Confirmation,
  DependsOn,
  InTransaction,
  type InTransactionOptions,
  Invalidates,
  Retry,
  Toolset,
  Transactions,
  WhatCouldGoWrong,
} from '@app/pipeline';
import { FIXTURE_RISKS } from '@app/testing';

const Whole = z.strictObject({
  key: z.string().max(64),
  confirm: z.string().max(64).optional(),
  dry_run: z.boolean().optional(),
});
type Whole = z.infer<typeof Whole>;
const Text = z.strictObject({ text: z.string() });
const destroying = {
  title: 'W',
  description: 'Stands behind every policy there is',
  input: Whole,
  output: Text,
  risk: 'destructive',
  hints: { destructive: true, idempotent: false, openWorld: false },
} as const;
const tags = ({ key }: Whole): string[] => [key];
const again = { attempts: 3, baseDelayMs: 1, maxDelayMs: 2, onlyKeyed: true } as const;
const minute = { attemptTimeoutMs: 60_000 } as const;

/** Transactions of one connection, which only remember how they ended. */
export class RememberedTransactions extends Transactions {
  readonly ended: ('commit' | 'rollback')[] = [];

  override has(connection: string): boolean {
    return connection === 'main';
  }
  override async run<T>(_options: InTransactionOptions, _call: ToolCall, work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.ended.push('commit');
      return result;
    } catch (error) {
      this.ended.push('rollback');
      throw error;
    }
  }
}

/** A tool that has every policy. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'whole', scope: 'whole' })
export class WholeTools {
  @Tool({ ...destroying, name: 'destroy_whole' })
  @Confirmation('platform')
  @Invalidates(tags)
  @Retry(again)
  @DependsOn({ dependency: 'whole' })
  @CallLimits(minute)
  @InTransaction({ connection: 'main', mode: 'write' })
  destroy(@Input() { key }: Whole): z.infer<typeof Text> {
    return { text: key };
  }
}

/** The same policies, written the other way round. */
@CallLimits(minute)
@Toolset({ name: 'elohw', scope: 'elohw' })
@WhatCouldGoWrong(FIXTURE_RISKS)
export class BackwardTools {
  @InTransaction({ connection: 'main', mode: 'write' })
  @DependsOn({ dependency: 'whole' })
  @Retry(again)
  @Invalidates(tags)
  @Confirmation('platform')
  @Tool({ ...destroying, name: 'destroy_backward' })
  destroy(@Input() { key }: Whole): z.infer<typeof Text> {
    return { text: key };
  }
}

/** All of them but the transaction, for a server on which nothing runs transactions. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'wire', scope: 'wire' })
export class WireTools {
  @Tool({ ...destroying, name: 'destroy_wire' })
  @Confirmation('platform')
  @Invalidates(tags)
  @Retry(again)
  @DependsOn({ dependency: 'whole' })
  @CallLimits(minute)
  destroy(@Input() { key }: Whole): z.infer<typeof Text> {
    return { text: key };
  }
}
