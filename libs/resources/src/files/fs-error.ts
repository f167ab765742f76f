import { type ErrorCode, ServerError } from '@app/mcp';
import { spellPath } from './spell-path.js';

type Answer = readonly [code: ErrorCode, text: string];

const missing: Answer = ['NOT_FOUND', 'does not exist'];
const denied: Answer = ['PERMISSION', 'may not be accessed this way by the server'];
const full: Answer = ['LIMIT', 'could not be written: no space or quota is left'];
const busy: Answer = ['OVERLOADED', 'could not be opened: too many files are open'];
/** Names no path: the text is the same whatever a link leads to. */
const LINK_OUT = 'A link on this path leaves the workspace or leads nowhere.';
const notRegular: Answer = ['NOT_REGULAR_FILE', 'is not a regular file'];

/** The one table from errno names to what a caller is told. What is not here is INTERNAL. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  ENOENT: missing,
  ENOTDIR: missing,
  ESTALE: missing,
  EISDIR: notRegular,
  ENXIO: notRegular,
  ENODEV: notRegular,
  EEXIST: ['CONFLICT', 'already exists'],
  ENOTEMPTY: ['CONFLICT', 'is not empty'],
  EBUSY: ['CONFLICT', 'is in use'],
  ETXTBSY: ['CONFLICT', 'is being executed'],
  ENAMETOOLONG: ['INVALID_ARGUMENT', 'is too long for the file system'],
  EINVAL: ['INVALID_ARGUMENT', 'is not a name the file system accepts'],
  EILSEQ: ['INVALID_ARGUMENT', 'is not a name the file system accepts'],
  EACCES: denied,
  EPERM: denied,
  EROFS: denied,
  ENOSPC: full,
  EDQUOT: full,
  EFBIG: ['LIMIT', 'would become larger than the file system or the process allows'],
  EMFILE: busy,
  ENFILE: busy,
};

/** The errno name of a failed file operation, such as `ENOENT`; `undefined` for any other error. */
export const errnoOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
};

/**
 * What a caller is told about a failed file operation; an error that no file system made stays as it is.
 * @param path as the caller gave it, relative to the workspace; the error's own text has the machine's path and travels as cause.
 */
export function fsError(error: unknown, path: string): Error {
  if (error instanceof ServerError) return error;
  const errno = errnoOf(error);
  if (errno === undefined || !errno.startsWith('E') || errno.startsWith('ERR_')) return error as Error;
  if (errno === 'ELOOP') return new ServerError('SYMLINK_ESCAPE', LINK_OUT, { cause: error });
  const [code, text] = ANSWERS[errno] ?? (['INTERNAL', 'could not be read or written'] as const);
  return new ServerError(code, `${spellPath(path)} ${text}.`, { cause: error });
}

/** Runs a file operation and throws what `fsError` makes of its failure. */
export async function withFsErrors<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw fsError(error, path);
  }
}

/** The same answer for every way a link can lead out, whether or not anything is there. */
export const symlinkEscape = (): ServerError => new ServerError('SYMLINK_ESCAPE', LINK_OUT);

export const notFound = (path: string): ServerError =>
  new ServerError('NOT_FOUND', `${spellPath(path)} ${missing[1]}.`);

export const notRegularFile = (path: string): ServerError =>
  new ServerError('NOT_REGULAR_FILE', `${spellPath(path)} ${notRegular[1]}.`);
