import { z } from 'zod';
import { CODES, type ErrorCode, Input, ServerError, Tool } from '@app/mcp';
import { Toolset, WhatCouldGoWrong } from '@app/pipeline';
import { FIXTURE_RISKS } from '@app/testing';

const Failure = z.strictObject({
  code: z.enum(Object.keys(CODES) as [ErrorCode, ...ErrorCode[]]),
  retry_after_ms: z.int().min(0).max(60_000).optional(),
  hint: z.string().max(100).optional(),
});
const Chain = z.strictObject({ kind: z.enum(['defect', 'unreachable', 'classified']) });
const Text = z.strictObject({ text: z.string() });
const reading = {
  output: Text,
  risk: 'read',
  hints: { destructive: false, idempotent: true, openWorld: false },
  title: 'F',
  description: 'Fails as it is told to',
} as const;

/** What no caller may read of a failure: an address, a path, a statement. */
export const SECRETS = ['db.internal:5432', '/srv/app/ledger.ts', 'SELECT balance'] as const;

/** Fails in every way a tool can. */
@WhatCouldGoWrong(FIXTURE_RISKS)
@Toolset({ name: 'failing', scope: 'failing' })
export class FailingTools {
  @Tool({ ...reading, name: 'fail_as', input: Failure })
  failAs(@Input() { code, retry_after_ms: retryAfterMs, hint }: z.infer<typeof Failure>): z.infer<typeof Text> {
    throw new ServerError(code, `It ended with ${code.toLowerCase()}.`, { retryAfterMs, hint });
  }

  /** Fails far below: what is thrown was caused by something that was caused by something. */
  @Tool({ ...reading, name: 'fail_deep', input: Chain })
  failDeep(@Input() { kind }: z.infer<typeof Chain>): z.infer<typeof Text> {
    const refused = Object.assign(new Error(`connect ECONNREFUSED ${SECRETS[0]}`), { code: 'ECONNREFUSED' });
    if (kind === 'unreachable') throw new TypeError('fetch failed', { cause: refused });
    const query = new Error(`${SECRETS[2]} failed`, { cause: refused });
    if (kind === 'classified') throw new ServerError('CONFLICT', 'The ledger was changed.', { cause: query });
    throw new TypeError(`${SECRETS[1]} has no balance`, { cause: query });
  }

  /** A mistake in code, as it happens. */
  @Tool({ ...reading, name: 'fail_by_mistake' })
  failByMistake(): z.infer<typeof Text> {
    return { text: (undefined as unknown as { text: string }).text };
  }
}
