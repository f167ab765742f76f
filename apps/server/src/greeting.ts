import { join } from 'node:path';
import type { AuthSettings, Settings } from '@app/config';
import { clientConfig } from '@app/operations';
import type { OperationRegistry } from '@app/pipeline';
import { PACKAGE_ROOT } from './identity.js';

/** Who is let in, in words. */
function callersOf({ isConfigured, acceptsTokens, acceptsApiKeys, issuer, clientCertHeader }: AuthSettings): string {
  if (!isConfigured) return 'programs on this machine, without authentication (principal "local")';
  const ways = [
    ...(acceptsTokens ? [`tokens of ${issuer}`] : []),
    ...(acceptsApiKeys ? ['API keys'] : []),
    ...(clientCertHeader === undefined ? [] : ['certificates handed on by a trusted proxy']),
  ];
  return `only with ${ways.join(' or ')}`;
}

/** What a person at the terminal wants to know: where it listens, what it allows, how to connect. */
export function greeting(settings: Settings, port: number, registry: OperationRegistry): string {
  const { server, workspace } = settings;
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  const url = `http://${host}:${port}/mcp`;
  const tools = registry.tools();
  const changing = tools.filter(({ risk }) => risk !== 'read').map(({ name }) => name);
  const launch = {
    node: process.execPath,
    script: join(PACKAGE_ROOT, 'bin/mcp-software-engineer.mjs'),
    workspaces: workspace.roots.map(({ name, path }) => `${name}=${path}`),
  };
  return `
  MCP Software Engineer is listening at ${url}

  Workspaces   ${workspace.roots.map(({ name, path }) => `${name} = ${path}`).join('\n               ')}
  Callers      ${callersOf(settings.auth)}
  Tools        ${tools.length}; these change things: ${changing.join(', ') || 'none'}

  Connect over HTTP   claude mcp add --transport http mcp-software-engineer ${url}
  or over stdio       ${clientConfig('claude-code', launch)}

`;
}
