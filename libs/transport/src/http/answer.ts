import type { ServerResponse } from 'node:http';

/** Sends one JSON text with its length, so that the connection can be kept. */
export function sendJson(res: ServerResponse, status: number, body: string, headers?: Record<string, string>): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...headers,
  });
  res.end(body);
}

/** A refusal before any call was dispatched: a JSON-RPC error without an id of ours to give. */
export function sendRefusal(
  res: ServerResponse,
  status: number,
  code: number,
  message: string,
  { id = null, data, headers }: { id?: string | number | null; data?: unknown; headers?: Record<string, string> } = {},
): void {
  const error = { code, message, ...(data !== undefined && { data }) };
  sendJson(res, status, JSON.stringify({ jsonrpc: '2.0', error, id }), headers);
}
