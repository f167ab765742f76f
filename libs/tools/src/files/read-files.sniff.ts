/** How a file is shown: as text, as an image or sound for the client, or not without being asked. */
export type MediaKind = 'text' | 'image' | 'audio' | 'binary';

export interface Sniffed {
  readonly kind: MediaKind;
  readonly mime: string;
}

/** Bytes looked at; as many as git takes to tell text from binary. */
export const SNIFF_BYTES = 8_000;

const ascii = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.subarray(from, to)).toString('latin1');
const startsWith = (bytes: Uint8Array, ...values: number[]): boolean =>
  values.every((value, index) => bytes[index] === value);

/** Judged by content only: names and extensions are the caller's claim. Nothing is decoded. */
export function sniff(head: Uint8Array): Sniffed {
  if (startsWith(head, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return { kind: 'image', mime: 'image/png' };
  if (startsWith(head, 0xff, 0xd8, 0xff)) return { kind: 'image', mime: 'image/jpeg' };
  const six = ascii(head, 0, 6);
  if (six === 'GIF87a' || six === 'GIF89a') return { kind: 'image', mime: 'image/gif' };
  const riff = six.startsWith('RIFF') ? ascii(head, 8, 12) : '';
  if (riff === 'WEBP') return { kind: 'image', mime: 'image/webp' };
  if (riff === 'WAVE') return { kind: 'audio', mime: 'audio/wav' };
  // A tag's version byte is below 16, where text has no character; a frame's second byte is none of UTF-16's mark.
  if ((six.startsWith('ID3') && head[3]! < 16) || startsWithFrame(head)) return { kind: 'audio', mime: 'audio/mpeg' };
  if (six.startsWith('OggS\0')) return { kind: 'audio', mime: 'audio/ogg' };
  if (six.startsWith('%PDF-')) return { kind: 'binary', mime: 'application/pdf' };
  if (startsWith(head, 0x50, 0x4b, 0x03, 0x04)) return { kind: 'binary', mime: 'application/zip' };
  const isMarked = startsWith(head, 0xff, 0xfe) || startsWith(head, 0xfe, 0xff);
  if (!isMarked && head.subarray(0, SNIFF_BYTES).includes(0))
    return { kind: 'binary', mime: 'application/octet-stream' };
  return { kind: 'text', mime: 'text/plain' };
}

const startsWithFrame = (head: Uint8Array): boolean =>
  head[0] === 0xff && [0xfb, 0xfa, 0xf3, 0xf2, 0xe3, 0xe2].includes(head[1] ?? 0);
