import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { Limits } from '@app/config';
import { AnswerBudget } from './answer-budget.js';

const MB = 1_000_000;
let close: (() => void) | undefined;
afterEach(() => close?.());

/** A response whose client does not read. */
async function unread(): Promise<{ res: ServerResponse; client: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  client.on('error', () => 'the server has cut the connection');
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const [, res] = (await once(server, 'request')) as [unknown, ServerResponse];
  close = () => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  };
  return { res, client };
}

describe('AnswerBudget', () => {
  it('counts a whole answer until it is out, and small ones never', async () => {
    const { res, client } = await unread();
    const budget = new AnswerBudget(new Limits({ answerBytesInFlight: 10 * MB }));
    budget.track(res, 1_000);
    expect(budget.heldBytes()).toBe(0);
    budget.track(res, 11 * MB);
    expect([budget.heldBytes(), budget.isExhausted()]).toEqual([11 * MB, true]);
    const closed = once(res, 'close');
    client.destroy();
    await closed;
    expect([budget.heldBytes(), budget.isExhausted()]).toEqual([0, false]);
  });

  it(
    injected(
      'client that does not read',
      'AnswerBudget',
      'cuts off a client whose backlog is past its bound, and forgets it',
    ),
    async () => {
      const { res } = await unread();
      const budget = new AnswerBudget(new Limits({ answerBacklogBytes: 8 * MB }));
      budget.watch(res);
      const closed = once(res, 'close');
      for (let piece = 0; piece < 40 && !res.destroyed; piece++) res.write(Buffer.alloc(MB));
      await closed;
      expect([res.destroyed, budget.heldBytes()]).toEqual([true, 0]);
    },
  );

  it('cuts off smaller backlogs once all of them together are too much', async () => {
    const { res } = await unread();
    const budget = new AnswerBudget(new Limits({ answerBytesInFlight: 2 * MB, answerBacklogSmallBytes: MB }));
    budget.watch(res);
    const closed = once(res, 'close');
    for (let piece = 0; piece < 40 && !res.destroyed; piece++) res.write(Buffer.alloc(MB));
    await closed;
    expect(budget.heldBytes()).toBe(0);
  });

  it('leaves a client alone that reads', async () => {
    const { res, client } = await unread();
    const budget = new AnswerBudget(new Limits({ answerBacklogBytes: 2 * MB }));
    budget.watch(res);
    const got = { bytes: 0 };
    client.on('data', (chunk: Buffer) => (got.bytes += chunk.length)).resume();
    for (let piece = 0; piece < 30; piece++) if (!res.write(Buffer.alloc(MB))) await once(res, 'drain');
    res.end();
    await once(res, 'close');
    while (got.bytes < 30 * MB) await once(client, 'data');
    expect(budget.heldBytes()).toBe(0);
  });
});
