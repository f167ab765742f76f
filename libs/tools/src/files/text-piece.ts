/** A piece of a text: one unbroken stretch of it. */
export interface TextPiece {
  /** UTF-8 */
  readonly bytes: Buffer;
  /** Numbers from 1; missing where nothing was found, or lines could not be counted from the start. */
  readonly startLine?: number;
  readonly endLine?: number;
  /** Whether more was asked for than is here. */
  readonly truncated: boolean;
  /** Where reading can go on to get the rest. */
  readonly nextStartLine?: number;
}
