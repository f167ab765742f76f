/** Seals texts so that whoever reads the store learns nothing of them, and whoever changes it is found out. */
export abstract class ValueCipher {
  /**
   * @param aad where the text will stand; it opens nowhere else
   * @returns the same text never twice the same; at most twice as long as the text in UTF-8, and 1,000 characters
   */
  abstract seal(text: string, aad: string): string;

  /** @throws Error for whatever was not sealed for this place; it shows nothing of the text */
  abstract open(sealed: string, aad: string): string;
}
