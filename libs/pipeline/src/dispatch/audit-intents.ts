import { Injectable } from '@nestjs/common';
import type { ToolCall } from '@app/mcp';

type Intend = () => Promise<void>;

/** Calls that must be recorded before their effect, from the dispatcher to the stage that stands before the method. */
@Injectable()
export class AuditIntents {
  private readonly pending = new WeakMap<ToolCall, Intend>();

  put(call: ToolCall, intend: Intend): void {
    this.pending.set(call, intend);
  }
  take(call: ToolCall): Intend | undefined {
    return this.pending.get(call);
  }
}
