import type { IncomingMessage } from 'node:http';

/** The body is larger than the limit. */
export class BodyTooLarge extends Error {}

/** Reads a body up to a limit. @throws BodyTooLarge, or the connection's error when the client leaves. */
export function readBody(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(new BodyTooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) return void chunks.push(chunk);
      // What still comes is read and thrown away, or the client would meet a reset before it reads the refusal. The
      // server's request time-out bounds how long.
      chunks.length = 0;
      reject(new BodyTooLarge());
    });
    req.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)));
    req.on('error', reject);
    req.on('close', () => {
      if (!req.complete) reject(new Error('the client closed the connection before its request was complete'));
    });
  });
}
