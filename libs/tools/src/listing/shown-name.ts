import { isUtf8 } from 'node:buffer';

/** A name of the file system as text. Where it is no text, its odd bytes are spelled out and it cannot be used again. */
export interface ShownName {
  readonly text: string;
  readonly unreadable: boolean;
}

export function showName(bytes: Buffer): ShownName {
  if (isUtf8(bytes)) return { text: bytes.toString('utf8'), unreadable: false };
  const text = Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
  return { text, unreadable: true };
}
