import { z } from 'zod';
import { Ctx, Input, Tool, type ToolCall } from '@app/mcp';
import { Cached, CallLimits, DependsOn, Retry, Toolset, waived, WhatCouldGoWrong } from '@app/pipeline';

const TicketId = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Z]+-\d+$/)
    .describe('For example WEB-12'),
});
const Ticket = z.strictObject({ id: z.string(), title: z.string(), isOpen: z.boolean() });

/** The service behind the tool; bound to an HTTP client in the product, to a list in tests. */
export abstract class TicketTracker {
  abstract find(id: string, signal: AbortSignal): Promise<z.infer<typeof Ticket>>;
}

@Toolset({ name: 'tickets', scope: 'tickets' })
export class TicketTools {
  constructor(private readonly tracker: TicketTracker) {}

  @Tool({
    title: 'Read ticket',
    description: 'Reads a ticket of the issue tracker: its title, and whether it is open.',
    input: TicketId,
    output: Ticket,
    risk: 'read',
    hints: { destructive: false, idempotent: true, openWorld: true },
    deadlineMs: 5_000,
  })
  @DependsOn({ dependency: 'tracker', breaker: { consecutiveFailures: 3 } })
  @Retry({ attempts: 3, baseDelayMs: 50 })
  @Cached({ ttlMs: 30_000, staleIfErrorMs: 10 * 60_000, tags: ({ id }: z.infer<typeof TicketId>) => [`ticket:${id}`] })
  @CallLimits({ callsPerWindow: 60, concurrency: 8, attemptTimeoutMs: 1_000 })
  @WhatCouldGoWrong({ escape: waived('It touches no files.') })
  readTicket(@Input() { id }: z.infer<typeof TicketId>, @Ctx() call: ToolCall): Promise<z.infer<typeof Ticket>> {
    return this.tracker.find(id, call.signal);
  }
}
