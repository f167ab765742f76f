import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { type Principal, principalKey, ServerError } from '@app/mcp';

const MAX_CHARS = 24_576;

/**
 * Cursors of one query of one caller. A cursor holds a position and a digest over position, query and caller, so that
 * one of another query, or changed by hand, is refused. It is not signed: a position opens nothing that the query
 * itself would not show.
 */
export class QueryCursor<P> {
  /** @param query everything but the cursor, in an order of keys that never varies */
  constructor(
    private readonly operation: string,
    private readonly query: unknown,
    private readonly principal: Principal,
    private readonly position: z.ZodType<P>,
  ) {}

  seal(position: P): string {
    return Buffer.from(JSON.stringify([this.digest(position), position])).toString('base64url');
  }

  /** @throws ServerError INVALID_CURSOR */
  open(cursor: string): P {
    try {
      if (cursor.length > MAX_CHARS || !/^[\w-]+$/.test(cursor)) throw new Error('not a cursor');
      const [, value] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[];
      const position = this.position.parse(value);
      // Compares the digest as well as the spelling: only what was sealed here opens.
      if (this.seal(position) === cursor) return position;
    } catch {
      // Answered below, alike for every way in which a cursor can be wrong.
    }
    throw new ServerError('INVALID_CURSOR', 'The cursor does not belong to this query.', {
      hint: 'Repeat the query without a cursor.',
    });
  }

  private digest(position: P): string {
    const facts = JSON.stringify([this.operation, this.query, principalKey(this.principal), position]);
    return createHash('sha256').update(facts).digest('base64url').slice(0, 22);
  }
}
