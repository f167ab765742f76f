import { z } from 'zod';
import { ProtocolViolation } from '@app/mcp';

const Page = z.strictObject({ lister: z.int().min(0), inner: z.string().max(8_192).optional() });
type Page = z.infer<typeof Page>;

/** Opaque to clients: which lister, and where in it. */
export const encodePage = (page: Page): string => Buffer.from(JSON.stringify(page)).toString('base64url');

/** A list of one page has no other. @throws ProtocolViolation for any cursor. */
export function expectNoCursor(cursor: string | undefined): void {
  if (cursor !== undefined) throw new ProtocolViolation('Invalid cursor');
}

/** @throws ProtocolViolation for a cursor this server did not make. */
export function decodePage(cursor: string, listers: number): Page {
  try {
    const page = Page.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
    if (page.lister < listers) return page;
  } catch {
    // The next line answers for every way in which a cursor can be wrong.
  }
  throw new ProtocolViolation('Invalid cursor');
}
