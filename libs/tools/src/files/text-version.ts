import { createHash } from 'node:crypto';
import { ServerError } from '@app/mcp';

export const sha256Of = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** What a caller says he has read must be what is there: a change made meanwhile is not overwritten. */
export class VersionCheck {
  /** @throws ServerError CONFLICT when the file is not what the caller read */
  static require(expected: string, current: string): void {
    if (expected.toLowerCase() !== current)
      throw new ServerError('CONFLICT', 'The file is not what if_match says: it was changed since it was read.', {
        hint: `Read it again; its sha256 is now ${current}.`,
      });
  }
}
