import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';
import type { Limits } from '@app/config';

interface LoggedEvent {
  readonly number: number;
  readonly streamId: string;
  readonly message: JSONRPCMessage;
  readonly bytes: number;
}

/**
 * What one session has sent, so that a client whose connection broke can fetch what it missed: a legacy call goes on
 * without its client. Bounded by `Limits.legacyReplayEvents` and `Limits.legacyReplayBytes`, oldest first out; a
 * message larger than all of that is not kept. An event's id names its stream, so a stream can be found again even
 * when the event itself was forgotten.
 */
export class EventLog implements EventStore {
  private readonly events: LoggedEvent[] = [];
  private bytes = 0;
  private last = 0;

  constructor(private readonly limits: Limits) {}

  async storeEvent(streamId: string, message: JSONRPCMessage): Promise<string> {
    const number = ++this.last;
    // The SDK marks the start of a stream with an event without a message; there is nothing to send again.
    if (Object.keys(message).length > 0) {
      const bytes = Buffer.byteLength(JSON.stringify(message));
      this.events.push({ number, streamId, message, bytes });
      this.bytes += bytes;
      while (this.events.length > this.limits.legacyReplayEvents || this.bytes > this.limits.legacyReplayBytes)
        this.bytes -= this.events.shift()!.bytes;
    }
    return `${number}:${streamId}`;
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    return parse(eventId)?.streamId;
  }

  async replayEventsAfter(
    lastEventId: string,
    { send }: { send: (eventId: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const from = parse(lastEventId);
    if (from === undefined) throw new Error('not an id of an event');
    const missed = this.events.filter(({ number, streamId }) => streamId === from.streamId && number > from.number);
    for (const { number, streamId, message } of missed) await send(`${number}:${streamId}`, message);
    return from.streamId;
  }
}

function parse(eventId: string): { number: number; streamId: string } | undefined {
  const found = /^(\d{1,15}):(\S{1,64})$/.exec(eventId);
  return found === null ? undefined : { number: Number(found[1]), streamId: found[2]! };
}
