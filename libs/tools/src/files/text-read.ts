import type { FileHandle } from 'node:fs/promises';

const CHUNK_BYTES = 262_144;

/** Reads from the start until `maxBytes` are read or the file ends, whatever size the file claims to have. */
export async function readUpTo(handle: FileHandle, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let position = 0;
  while (position < maxBytes) {
    signal.throwIfAborted();
    const chunk = await readAt(handle, position, Math.min(CHUNK_BYTES, maxBytes - position));
    if (chunk.length === 0) break;
    chunks.push(chunk);
    position += chunk.length;
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

/** Reads a chunk at a position; shorter only where the file ends. */
export const readAt = (handle: FileHandle, position: number, bytes: number): Promise<Buffer> =>
  readInto(handle, position, Buffer.allocUnsafeSlow(bytes));

/** Fills a buffer from a position; what is returned is the part of it that was filled. */
export async function readInto(handle: FileHandle, position: number, buffer: Buffer): Promise<Buffer> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
