import { ServerError } from '@app/mcp';
import { describe, expect, it } from '@jest/globals';
import { sqliteError } from './sqlite-failure.js';

describe('sqliteError', () => {
  it.each([
    ['SQLITE_CORRUPT_VTAB', 'damaged'],
    ['SQLITE_NOTADB', 'damaged'],
    ['SQLITE_FULL', 'full'],
    ['ENOSPC', 'full'],
    ['SQLITE_READONLY_DBMOVED', 'opened for writing'],
    ['SQLITE_CANTOPEN', 'opened for writing'],
    ['EROFS', 'opened for writing'],
    ['EACCES', 'opened for writing'],
    ['SQLITE_IOERR_FSYNC', 'read or written'],
    ['NEWER_DATABASE', 'newer server'],
  ])('tells what %s means, and names no path', (code, words) => {
    const error = sqliteError({ code, message: 'about /some/path' });
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ code: 'POLICY_UNAVAILABLE', message: expect.stringContaining(words) });
    expect(error).toMatchObject({ cause: { code }, hint: expect.stringContaining('operator') });
    if (code !== 'NEWER_DATABASE') expect(`${error.message} ${(error as ServerError).hint}`).not.toContain('/some');
  });

  it.each([undefined, 'SQLITE_BUSY', 'SQLITE_CONSTRAINT_UNIQUE'])(
    'leaves %s to whoever knows what he asked',
    (code) => {
      const error = sqliteError({ code, message: 'what it was' });
      expect(error).not.toBeInstanceOf(ServerError);
      expect(error.message).toBe('what it was');
    },
  );
});
