import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { ServerError } from '@app/mcp';

/** The body is larger than the limit. */
export class BodyTooLarge extends Error {}

/** Reads bodies within two bounds: what one may have, and what all that are on their way may have together. */
@Injectable()
export class BodyBudget {
  private held = 0;

  constructor(private readonly limits: Limits) {}

  /** Bytes of bodies that have not arrived whole. */
  heldBytes(): number {
    return this.held;
  }

  /**
   * @throws BodyTooLarge
   * @throws ServerError OVERLOADED when all bodies together would take more than their share
   * @throws Error when the client leaves before its request is complete
   */
  read(req: IncomingMessage): Promise<Buffer> {
    const { bodyBytes, bodyBytesInFlight } = this.limits;
    if (Number(req.headers['content-length'] ?? 0) > bodyBytes) return Promise.reject(new BodyTooLarge());
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      let refused = false;
      const release = (): void => {
        this.held -= bytes;
        bytes = 0;
      };
      // What still comes is read and thrown away, or the client would meet a reset before it reads the refusal. The
      // server's request time-out bounds how long.
      const refuse = (error: Error): void => {
        refused = true;
        chunks.length = 0;
        release();
        reject(error);
      };
      req.on('data', (chunk: Buffer) => {
        if (refused) return;
        bytes += chunk.length;
        this.held += chunk.length;
        if (bytes > bodyBytes) refuse(new BodyTooLarge());
        else if (this.held > bodyBytesInFlight)
          refuse(new ServerError('OVERLOADED', 'Too many bytes of requests are on their way.'));
        else chunks.push(chunk);
      });
      req.on('end', () => {
        const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes);
        release();
        resolve(body);
      });
      req.on('error', refuse);
      req.on('close', () => {
        if (!req.complete) refuse(new Error('the client closed the connection before its request was complete'));
      });
    });
  }
}
