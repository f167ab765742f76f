import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { IssuerClient } from './issuer-client.js';

describe('IssuerClient', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    servers.push(server);
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }
  const unavailable = { code: 'POLICY_UNAVAILABLE' };

  it('reads an object', async () => {
    const url = await serve((_, res) => res.end('{"a":1}'));
    expect(await new IssuerClient().json(url)).toEqual({ a: 1 });
  });

  it('tells what is not there from what fails', async () => {
    const url = await serve((req, res) => res.writeHead(req.url === '/none' ? 404 : 500).end());
    expect(await new IssuerClient().json(`${url}none`)).toBeUndefined();
    await expect(new IssuerClient().json(url)).rejects.toMatchObject(unavailable);
  });

  it.each(['[]', 'null', '"x"', '1', '', '{'])('takes no %j', async (text) => {
    const url = await serve((_, res) => res.end(text));
    await expect(new IssuerClient().json(url)).rejects.toMatchObject(unavailable);
  });

  it('is not led elsewhere', async () => {
    let led = 0;
    const elsewhere = await serve((_, res) => {
      led++;
      res.end('{}');
    });
    const url = await serve((_, res) => res.writeHead(302, { location: elsewhere }).end());
    await expect(new IssuerClient().json(url)).rejects.toMatchObject(unavailable);
    expect(led).toBe(0);
  });

  it('does not read without end', async () => {
    let sent = 0;
    const url = await serve((_, res) => {
      const more = (): void => {
        while (!res.destroyed && res.write(Buffer.alloc(65_536, ' '))) sent += 65_536;
        sent += 65_536;
      };
      res.on('drain', more);
      more();
    });
    await expect(new IssuerClient().json(url)).rejects.toMatchObject(unavailable);
    expect(sent).toBeLessThan(64 * 1_048_576);
  });

  it('does not wait without end, neither for an answer nor for the rest of one', async () => {
    const url = await serve((req, res) => {
      if (req.url === '/part') res.write('{');
    });
    for (const path of ['', 'part'])
      await expect(new IssuerClient(undefined, 50).json(url + path)).rejects.toMatchObject(unavailable);
  });

  it('lets go of the connection of an answer it does not read', async () => {
    let cancelled = 0;
    const answer = (status: number): Response =>
      new Response(new ReadableStream({ cancel: () => void cancelled++ }), { status });
    await new IssuerClient(() => Promise.resolve(answer(404))).json('https://x.example.com');
    await expect(
      new IssuerClient(() => Promise.resolve(answer(503))).json('https://x.example.com'),
    ).rejects.toMatchObject(unavailable);
    expect(cancelled).toBe(2);
  });
});
