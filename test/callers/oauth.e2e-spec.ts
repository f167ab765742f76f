import { createServer, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Client,
  type OAuthClientInformationMixed,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client';
import { TestIssuer } from '@app/testing';
import { InProcessServer } from '../security/in-process-server.js';
import { CallerTools } from '../wcgw/callers.toolset.js';

let issuer: TestIssuer;
let server: InProcessServer;
beforeEach(async () => {
  issuer = await TestIssuer.start();
  const port = await freePort();
  const resource = `http://127.0.0.1:${port}/mcp`;
  server = await InProcessServer.start({
    workspace: import.meta.dirname,
    toolsetClasses: [CallerTools],
    port,
    auth: { issuer: issuer.url, audience: [resource], resource },
  });
});
afterEach(async () => {
  await server.stop();
  await issuer.stop();
});

/** What a person's browser would do, and what an application keeps. */
class Browser implements OAuthClientProvider {
  readonly redirectUrl = 'http://127.0.0.1/callback';
  readonly clientMetadata = {
    client_name: 'test',
    redirect_uris: [this.redirectUrl],
    token_endpoint_auth_method: 'none',
  };
  /** The scope asked for, each time somebody was sent to the issuer. */
  readonly asked: string[] = [];
  code?: { code: string; iss: string };
  private client?: OAuthClientInformationMixed;
  private kept?: OAuthTokens;
  private verifier = '';
  private discovered?: OAuthDiscoveryState;

  clientInformation(): OAuthClientInformationMixed | undefined {
    return this.client;
  }
  saveClientInformation(client: OAuthClientInformationMixed): void {
    this.client = client;
  }
  tokens(): OAuthTokens | undefined {
    return this.kept;
  }
  saveTokens(tokens: OAuthTokens): void {
    this.kept = tokens;
  }
  saveCodeVerifier(verifier: string): void {
    this.verifier = verifier;
  }
  saveDiscoveryState(state: OAuthDiscoveryState): void {
    this.discovered = state;
  }
  discoveryState(): OAuthDiscoveryState | undefined {
    return this.discovered;
  }
  codeVerifier(): string {
    return this.verifier;
  }
  async redirectToAuthorization(url: URL): Promise<void> {
    this.asked.push(url.searchParams.get('scope') ?? '');
    const response = await fetch(url, { redirect: 'manual' });
    const { searchParams } = new URL(response.headers.get('location')!);
    this.code = { code: searchParams.get('code')!, iss: searchParams.get('iss')! };
  }
}

describe.each(['modern', 'legacy'] as const)("the SDK's client against a real issuer, era %s", (era) => {
  it('finds the issuer, is let in, calls, is told which wider token it needs, and calls with it', async () => {
    const browser = new Browser();
    const connect = async (): Promise<Client> => {
      const client = new Client(
        { name: 'test', version: '1' },
        { versionNegotiation: { mode: era === 'modern' ? { pin: '2026-07-28' } : 'legacy' } },
      );
      const transport = new StreamableHTTPClientTransport(new URL(server.url), { authProvider: browser });
      try {
        await client.connect(transport);
        return client;
      } catch (error) {
        if (!(error instanceof UnauthorizedError)) throw error;
        await transport.finishAuth(browser.code!.code, browser.code!.iss);
        return connect();
      }
    };
    const client = await connect();
    expect(browser.asked).toEqual([expect.stringContaining('callers:read')]);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('read_own');
    expect(tools.map(({ name }) => name)).not.toContain('set_thing');
    const call = (name: string, by = client) => by.callTool({ name, arguments: { key: 'a' } });
    expect(await call('read_own')).toMatchObject({ structuredContent: { text: expect.stringContaining('alice') } });
    // A scope is missing: the client goes for a wider token by itself.
    await expect(call('set_thing')).rejects.toThrow(UnauthorizedError);
    expect(browser.asked.at(-1)!.split(' ')).toEqual(expect.arrayContaining(['callers:read', 'callers:write']));
    expect(server.probe.get(CallerTools).runs).not.toContain('set_thing');
    const { transport } = client;
    await (transport as StreamableHTTPClientTransport).finishAuth(browser.code!.code, browser.code!.iss);
    expect(await call('set_thing')).toMatchObject({ structuredContent: { text: expect.stringContaining('alice') } });
    expect(server.probe.get(CallerTools).runs).toContain('set_thing');
    await client.close();
  });
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
