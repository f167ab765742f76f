import type { FileHandle } from 'node:fs/promises';

/**
 * Writes every byte at the handle's position: one write(2) may take fewer than it was given, and on a nearly
 * full disk it does.
 * @param onWritten told how many bytes each write took
 */
export async function writeAll(
  handle: FileHandle,
  data: Uint8Array,
  onWritten: (bytes: number) => void = () => undefined,
): Promise<void> {
  for (let offset = 0; offset < data.byteLength;) {
    const { bytesWritten } = await handle.write(data, offset, data.byteLength - offset, null);
    if (bytesWritten === 0) throw Object.assign(new Error('a write took no bytes'), { code: 'ENOSPC' });
    offset += bytesWritten;
    onWritten(bytesWritten);
  }
}
