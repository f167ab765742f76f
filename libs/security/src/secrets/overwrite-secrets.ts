import type { KnownSecrets } from './known-secrets.js';

/** Bytes are read in parts, each with the end of the one before it: a text of all would be as large again. */
const PART_BYTES = 1_048_576;
const OVERLAP_BYTES = 65_536;
const STAR = 0x2a;

/** The same bytes with each secret in them overwritten by stars, in a copy; themselves where there is none. */
export function overwriteSecrets(view: ArrayBufferView, secrets: Pick<KnownSecrets, 'find'>): ArrayBufferView {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  let copy: Buffer | undefined;
  for (let from = 0; from < bytes.length; from += PART_BYTES) {
    const text = bytes.toString('latin1', from, Math.min(bytes.length, from + PART_BYTES + OVERLAP_BYTES));
    for (const { start, end } of secrets.find(text)) (copy ??= Buffer.from(bytes)).fill(STAR, from + start, from + end);
  }
  return copy === undefined ? view : sameKind(view, copy);
}

function sameKind(view: ArrayBufferView, bytes: Buffer): ArrayBufferView {
  if (Buffer.isBuffer(view)) return bytes;
  const { buffer } = new Uint8Array(bytes);
  const Kind = view.constructor as new (buffer: ArrayBufferLike) => ArrayBufferView;
  return new Kind(buffer);
}
