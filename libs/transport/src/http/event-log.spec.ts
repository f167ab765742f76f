import { describe, expect, it } from '@jest/globals';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { Limits } from '@app/config';
import { EventLog } from './event-log.js';

const message = (id: number, text = ''): JSONRPCMessage => ({ jsonrpc: '2.0', id, result: { text } });
const START = {} as JSONRPCMessage;

async function replay(log: EventLog, after: string): Promise<JSONRPCMessage[]> {
  const sent: JSONRPCMessage[] = [];
  await log.replayEventsAfter(after, { send: async (_id, one) => void sent.push(one) });
  return sent;
}

describe('what a session has sent', () => {
  it('is sent again from where a stream broke, to that stream only', async () => {
    const log = new EventLog(new Limits());
    const start = await log.storeEvent('one', START);
    await log.storeEvent('two', message(9));
    const first = await log.storeEvent('one', message(1));
    await log.storeEvent('one', message(2));
    expect(await replay(log, start)).toEqual([message(1), message(2)]);
    expect(await replay(log, first)).toEqual([message(2)]);
    expect(await log.getStreamIdForEventId(start)).toBe('one');
  });

  it('is forgotten oldest first, and its stream is known all the same', async () => {
    const log = new EventLog(new Limits({ legacyReplayEvents: 2 }));
    const start = await log.storeEvent('one', START);
    for (const id of [1, 2, 3]) await log.storeEvent('one', message(id));
    expect(await replay(log, start)).toEqual([message(2), message(3)]);
  });

  it('is bounded by its size, and a message beyond the bound is not kept', async () => {
    const log = new EventLog(new Limits({ legacyReplayBytes: 200 }));
    const start = await log.storeEvent('one', START);
    await log.storeEvent('one', message(1, 'x'.repeat(100)));
    await log.storeEvent('one', message(2, 'x'.repeat(100)));
    expect(await replay(log, start)).toEqual([message(2, 'x'.repeat(100))]);
    await log.storeEvent('one', message(3, 'x'.repeat(300)));
    expect(await replay(log, start)).toEqual([]);
    await log.storeEvent('one', message(4));
    expect(await replay(log, start)).toEqual([message(4)]);
  });

  it.each(['', 'x', '1', '1:', ':one', '-1:one', '1:one two', `1:${'x'.repeat(65)}`, `${'9'.repeat(16)}:one`])(
    'is not found by %j',
    async (id) => {
      const log = new EventLog(new Limits());
      expect(await log.getStreamIdForEventId(id)).toBeUndefined();
      await expect(replay(log, id)).rejects.toThrow();
    },
  );
});
