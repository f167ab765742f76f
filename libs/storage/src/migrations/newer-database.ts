import { ServerError } from '@app/mcp';

/** The `code` of the error for a database that a newer server has changed; its message names the changes. */
export const NEWER_DATABASE = 'NEWER_DATABASE';

/** @param cause has {@link NEWER_DATABASE} as its code */
export const newerDatabase = (cause: Error): ServerError =>
  new ServerError(
    'POLICY_UNAVAILABLE',
    `The database was changed by a newer server: this one does not know ${cause.message}.`,
    { cause, hint: 'The operator starts that version again, or takes its migrations back with it.' },
  );
