import { tmpdir } from 'node:os';
import { Client, StreamableHTTPClientTransport, type VersionNegotiationMode } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { stdioLaunch } from './launch.js';
import { SdkClient } from './sdk-client.js';

const newClient = (mode: VersionNegotiationMode): Client =>
  new Client({ name: 'sdk-v2', version: '1.0.0' }, { versionNegotiation: { mode } });

export interface StdioClient extends SdkClient<Client> {
  /** Of the server it started. */
  readonly pid: number;
}

/** Starts the product as its child, in a workspace. */
export async function connectStdio(workspace: string, mode: VersionNegotiationMode): Promise<StdioClient> {
  const transport = new StdioClientTransport({ ...stdioLaunch(workspace), cwd: tmpdir(), stderr: 'ignore' });
  const client = new SdkClient(newClient(mode));
  await client.client.connect(transport);
  return Object.assign(client, { pid: transport.pid! });
}

/** @param url of a running server; a session, where there is one, is ended with the client */
export async function connectHttp(url: string, mode: VersionNegotiationMode): Promise<SdkClient<Client>> {
  const transport = new StreamableHTTPClientTransport(new URL(url));
  const client = new SdkClient(newClient(mode), () => transport.terminateSession());
  await client.client.connect(transport);
  return client;
}
