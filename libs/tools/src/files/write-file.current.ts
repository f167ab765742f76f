import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import type { Limits } from '@app/config';
import type { FileTree } from '@app/resources';
import { LineCount } from './text-lines.js';
import { readInto } from './text-read.js';

const CHUNK_BYTES = 262_144;

/** A file as it is before or after a write. */
export interface CurrentFile {
  readonly stats: Stats;
  readonly bytes: number;
  /** Missing where the file is larger than what is scanned. */
  readonly sha256?: string;
  /** Content, where it is small enough to be compared. */
  readonly data?: Buffer;
  /** Of what was scanned. */
  readonly lines: number;
}

/** Reads a file in chunks, as far as files are scanned; memory holds no more than an editable file. */
export async function readCurrent(
  tree: FileTree,
  path: string,
  limits: Pick<Limits, 'readScanBytes' | 'editFileBytes'>,
  signal: AbortSignal,
): Promise<CurrentFile> {
  await using file = await tree.openFile(path);
  const { stats } = file;
  const hash = createHash('sha256');
  const count = new LineCount();
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let kept: Buffer[] | undefined = [];
  let bytes = 0;
  for (;;) {
    signal.throwIfAborted();
    const chunk = await readInto(file.handle, bytes, buffer);
    if (chunk.length === 0) break;
    bytes += chunk.length;
    if (bytes > limits.readScanBytes) return { stats, bytes: Math.max(bytes, stats.size), lines: count.lines };
    hash.update(chunk);
    count.push(chunk);
    if (bytes <= limits.editFileBytes) kept?.push(Buffer.from(chunk));
    else kept = undefined;
  }
  return { stats, bytes, sha256: hash.digest('hex'), lines: count.lines, ...(kept && { data: Buffer.concat(kept) }) };
}
