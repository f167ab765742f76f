const MODERN = '2026-07-28';

type Json = Record<string, unknown>;

/** The `_meta` every modern request carries. */
export const modernMeta = (capabilities: Json = {}): Json => ({
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': capabilities,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
});

/** A modern request as headers and body. */
export function modernRequest(
  method: string,
  params: Json = {},
  { capabilities = {}, id = 1 as string | number } = {},
) {
  const name = (params['name'] ?? params['uri'] ?? params['taskId']) as string | undefined;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': MODERN,
    'mcp-method': method,
    ...(name !== undefined && { 'mcp-name': name }),
  };
  const own = params['_meta'] as Json | undefined;
  const message = { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...modernMeta(capabilities), ...own } } };
  return { headers, message, body: JSON.stringify(message) };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON-RPC message, from a JSON body or the last event of a stream. */
  readonly message: {
    id?: unknown;
    result?: Json & { isError?: boolean };
    error?: { code: number; message: string; data?: Json };
  };
}

export async function post(url: string, body: string | Buffer, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body, headers });
  const text = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  const events = text.split('\n').filter((line) => line.startsWith('data: '));
  const json = isStream ? events.at(-1)?.slice('data: '.length) : text;
  return {
    status: response.status,
    headers: response.headers,
    text,
    message: json ? (JSON.parse(json) as Answer['message']) : {},
  };
}

/** Calls a tool in the modern era. */
export function callModern(
  url: string,
  name: string,
  args: unknown = {},
  options?: Parameters<typeof modernRequest>[2],
): Promise<Answer> {
  const { headers, body } = modernRequest('tools/call', { name, arguments: args }, options);
  return post(url, body, headers);
}

/** Opens a session of the 2025 era and returns its headers. */
export async function openSession(url: string, capabilities: Json = {}): Promise<Record<string, string>> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  };
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'test', version: '1.0.0' } };
  const opened = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }), headers);
  const session = { ...headers, 'mcp-session-id': opened.headers.get('mcp-session-id')! };
  await post(url, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }), session);
  return session;
}
