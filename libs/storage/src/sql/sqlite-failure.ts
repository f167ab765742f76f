import { ServerError } from '@app/mcp';
import { NEWER_DATABASE, newerDatabase } from '../migrations/newer-database.js';
import type { Failure } from './sqlite.worker.js';

const RESTORE =
  'The operator restores state.db in DATA_DIR from a backup, or moves it away to begin with an empty one.';
const MAKE_ROOM = 'The operator makes DATA_DIR a folder that the server may write to.';

/** What SQLite and the system call a failure, by the beginning of its code, and what it means. */
const MEANINGS: readonly (readonly [code: RegExp, message: string, hint: string])[] = [
  [/^SQLITE_(CORRUPT|NOTADB)/, 'The database in DATA_DIR is damaged.', RESTORE],
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, 'The disk of DATA_DIR is full.', 'The operator makes room on it.'],
  [
    /^(SQLITE_(READONLY|CANTOPEN|PERM|AUTH)|EACCES|EPERM|EROFS|ENOTDIR|EEXIST|EISDIR|ELOOP|ENOENT|ENAMETOOLONG)/,
    'The database in DATA_DIR cannot be opened for writing.',
    MAKE_ROOM,
  ],
  [/^(SQLITE_IOERR|EIO)/, 'The disk of DATA_DIR cannot be read or written.', 'The operator looks at the disk.'],
];

/** The error to a failure of the embedded database: in words where it has a known reason, else as it is. */
export function sqliteError({ message, code }: Failure): Error {
  const cause = Object.assign(new Error(message), code === undefined ? {} : { code });
  if (code === NEWER_DATABASE) return newerDatabase(cause);
  const meaning = MEANINGS.find(([pattern]) => code !== undefined && pattern.test(code));
  if (meaning === undefined) return cause;
  const [, words, hint] = meaning;
  return new ServerError('POLICY_UNAVAILABLE', words, { cause, hint });
}
