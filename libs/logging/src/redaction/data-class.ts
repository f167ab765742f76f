/**
 * What kind of harm a text does where it does not belong.
 * - `secret`: lets whoever reads it act as somebody else: keys, tokens, passwords, private keys, cookies, hashes of passwords.
 * - `pii`: tells of a person: e-mail addresses, phone numbers, card and account numbers, social security numbers, and
 *   the row values databases put into their errors. Names, network addresses and ids of users are not looked for.
 */
export type DataClass = 'secret' | 'pii';

export const DATA_CLASSES: readonly DataClass[] = ['secret', 'pii'];
