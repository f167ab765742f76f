import { readText, readTextAtStart } from '../bounded-file.js';
import { ConfigurationError } from '../configuration.error.js';

/** A policy for a thousand tools has a tenth of this. */
const MAX_BYTES = 262_144;

/** The text of the policy file, while the server starts. @throws ConfigurationError */
export const readPolicyAtStart = (file: string): string => notEmpty(readTextAtStart(file, MAX_BYTES));

/** The text of the policy file, while the server serves. @throws ConfigurationError */
export const readPolicy = async (file: string): Promise<string> => notEmpty(await readText(file, MAX_BYTES));

/** Most likely caught between being emptied and being written: to switch every tool on again needs a word. */
function notEmpty(text: string): string {
  if (text.trim() === '') throw new ConfigurationError(['the file is empty; write {} to have no policy']);
  return text;
}
