/** Why a sealed value does not open. */
export type CipherFailure = 'malformed' | 'unknown key' | 'refused';

const WORDS: Readonly<Record<CipherFailure, string>> = {
  malformed: 'it is not a well-formed enc:v1: value',
  'unknown key': 'it is sealed with a key that is not among the ones given',
  refused: 'it was altered, sealed for another place, or its key has another value now',
};

/** A sealed value does not open. Says why, and nothing of the value. */
export class CipherError extends Error {
  constructor(readonly failure: CipherFailure) {
    super(WORDS[failure]);
    this.name = 'CipherError';
  }
}
