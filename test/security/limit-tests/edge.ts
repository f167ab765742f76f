import { IncomingMessage, ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { expect } from '@jest/globals';
import { Limits } from '@app/config';
import { AnswerBudget } from '../../../libs/transport/src/http/answer-budget.js';
import { BodyBudget } from '../../../libs/transport/src/http/body-budget.js';
import { modernRequest } from '../../support/mcp-messages.js';
import { InProcessServer } from '../in-process-server.js';
import { type LimitTests, withServer } from './limit-test.js';

const portOf = (server: InProcessServer): number => Number(new URL(server.url).port);

/** One request written as given, to the end of the answer. @returns its status; undefined where there was no answer */
function statusOf(server: InProcessServer, headers: readonly string[], body: string): Promise<number | undefined> {
  return new Promise((done, failed) => {
    let answer = '';
    const socket = connect(portOf(server), '127.0.0.1', () =>
      socket.write(`POST /mcp HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`),
    );
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.on('error', failed).on('close', () => done(answer === '' ? undefined : Number(answer.split(' ')[1])));
  });
}

const { headers: HEADERS, body: BODY } = modernRequest('tools/call', { name: 'list_files', arguments: {} });
const headersFor = (body: string, more: readonly string[] = []): string[] => [
  'Host: localhost',
  'Connection: close',
  `Content-Length: ${Buffer.byteLength(body)}`,
  ...Object.entries(HEADERS).map(([name, value]) => `${name}: ${value}`),
  ...more,
];
const send = (server: InProcessServer, body: string): Promise<number | undefined> =>
  statusOf(server, headersFor(body), body);

/** A call with an argument that no tool knows, so that it is refused by the tool and not by the edge. */
const callWith = (argument: string): string => BODY.replace('"arguments":{}', `"arguments":{"unknown":${argument}}`);
/** The message, its params and the arguments are three levels already. */
const nested = (depth: number): string => callWith('['.repeat(depth - 3) + ']'.repeat(depth - 3));
const valuesIn = (json: string): number => 1 + (json.match(/[{[,]/g)?.length ?? 0);

/** What Node counts of a head: its target, and names and values of its headers. */
const countedBytes = (headers: readonly string[]): number =>
  '/mcp'.length + headers.reduce((sum, header) => sum + Buffer.byteLength(header.replace(': ', '')), 0);

/** Limits on requests, before anything is called. */
export const EDGE_LIMITS: LimitTests = {
  bodyBytes: () =>
    withServer({ bodyBytes: 1_000 }, {}, async (server) => {
      expect(await send(server, BODY.padEnd(1_000))).toBe(200);
      expect(await send(server, BODY.padEnd(1_001))).toBe(413);
    }),
  bodyBytesInFlight: () =>
    withServer({ bodyBytesInFlight: 1_000 }, {}, async (server) => {
      expect([await send(server, BODY.padEnd(1_000)), await send(server, BODY.padEnd(1_001))]).toEqual([200, 503]);
      const slow = connect(portOf(server), '127.0.0.1', () =>
        slow.write(`POST /mcp HTTP/1.1\r\n${headersFor(BODY.padEnd(1_000)).join('\r\n')}\r\n\r\n${'x'.repeat(500)}`),
      );
      while (server.http.app.get(BodyBudget).heldBytes() < 500) await new Promise((next) => setImmediate(next));
      expect([await send(server, BODY.padEnd(500)), await send(server, BODY.padEnd(501))]).toEqual([200, 503]);
      slow.destroy();
    }),
  answerBytesInFlight: async () => {
    for (const [bytes, isExhausted] of [
      [100_000, false],
      [100_001, true],
    ] as const) {
      const budget = new AnswerBudget(new Limits({ answerBytesInFlight: 100_000 }));
      budget.track(new ServerResponse(new IncomingMessage(new Socket())), bytes);
      expect([budget.heldBytes(), budget.isExhausted()]).toEqual([bytes, isExhausted]);
    }
  },
  headerBytes: () =>
    withServer({ headerBytes: 2_048 }, {}, async (server) => {
      const headers = headersFor(BODY);
      const room = 2_048 - 1 - countedBytes(headers) - 'X'.length;
      expect(await statusOf(server, [...headers, `X: ${'x'.repeat(room)}`], BODY)).toBe(200);
      expect(await statusOf(server, [...headers, `X: ${'x'.repeat(room + 1)}`], BODY)).toBe(431);
    }),
  headerCount: () =>
    withServer({ headerCount: 20 }, {}, async (server) => {
      const filling = (count: number): string[] => {
        const headers = headersFor(BODY);
        return [...headers, ...Array.from({ length: count - headers.length }, (_, at) => `X-${at}: x`)];
      };
      expect(await statusOf(server, filling(20), BODY)).toBe(200);
      expect(await statusOf(server, filling(21), BODY)).toBe(431);
    }),
  jsonDepth: () =>
    withServer({ jsonDepth: 10 }, {}, async (server) => {
      expect([await send(server, nested(10)), await send(server, nested(11))]).toEqual([200, 400]);
    }),
  jsonNodes: () =>
    withServer({ jsonNodes: 50 }, {}, async (server) => {
      const wide = (values: number): string => callWith(`[${Array(values - valuesIn(callWith('[]')) + 1).fill(1)}]`);
      expect([valuesIn(wide(50)), await send(server, wide(50))]).toEqual([50, 200]);
      expect([valuesIn(wide(51)), await send(server, wide(51))]).toEqual([51, 400]);
    }),
  connections: () =>
    withServer({ connections: 3 }, {}, async (server) => {
      const open = async () => {
        const socket = connect(portOf(server), '127.0.0.1');
        const outcome = await new Promise<'served' | 'dropped'>((done) => {
          socket
            .on('data', () => done('served'))
            .on('close', () => done('dropped'))
            .on('error', () => done('dropped'));
          socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
        });
        return { socket, outcome };
      };
      const sockets = [await open(), await open(), await open()];
      expect(sockets.map(({ outcome }) => outcome)).toEqual(['served', 'served', 'served']);
      expect((await open()).outcome).toBe('dropped');
      for (const { socket } of sockets) socket.destroy();
    }),
  requestBodyTimeoutMs: () =>
    withServer({ requestBodyTimeoutMs: 54_321 }, {}, async (server) => {
      // Node enforces it, and looks only every 30 seconds: what is shown here is that it was told.
      expect(server.http.server.requestTimeout).toBe(54_321);
    }),
};
