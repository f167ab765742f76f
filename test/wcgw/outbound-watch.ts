import { type AsyncHook, createHook } from 'node:async_hooks';

/** What Node makes when a process is started, a connection is opened, a name is looked up or a datagram is sent. */
const OUTBOUND = new Set([
  'PROCESSWRAP',
  'TCPCONNECTWRAP',
  'PIPECONNECTWRAP',
  'GETADDRINFOREQWRAP',
  'GETNAMEINFOREQWRAP',
  'QUERYWRAP',
  'UDPSENDWRAP',
]);
const FRAMES = 60;

export interface SeenOutbound {
  readonly type: string;
  readonly stack: string;
}

/** Sees at run time whatever leaves this process, below every library, and who asked for it. */
export class OutboundWatch {
  readonly seen: SeenOutbound[] = [];
  private readonly hook: AsyncHook;
  private readonly framesBefore = Error.stackTraceLimit;

  constructor() {
    Error.stackTraceLimit = FRAMES;
    this.hook = createHook({
      init: (_id, type) => {
        if (OUTBOUND.has(type)) this.seen.push({ type, stack: String(new Error(type).stack) });
      },
    }).enable();
  }

  stop(): void {
    this.hook.disable();
    Error.stackTraceLimit = this.framesBefore;
  }
}
