import type { Limits } from '@app/config';
import { type ResourceContents, ServerError } from '@app/mcp';
import type { OpenFile } from '@app/resources';
import { sniff } from '../files/read-files.sniff.js';
import { decodeUtf8 } from '../files/text-encoding.js';

/**
 * A file as a resource gives it: UTF-8 as text, anything else as base64.
 * @throws ServerError LIMIT
 */
export async function readContents(
  uri: string,
  file: OpenFile,
  limits: Pick<Limits, 'readTextBytes' | 'readMediaBytes'>,
): Promise<ResourceContents> {
  const bytes = await readUpTo(file, limits.readMediaBytes);
  const { kind, mime } = sniff(bytes);
  const text = kind === 'text' ? decodeUtf8(bytes) : undefined;
  if (text === undefined)
    return { uri, mimeType: kind === 'text' ? 'application/octet-stream' : mime, blob: bytes.toString('base64') };
  if (bytes.length > limits.readTextBytes)
    throw tooLarge(limits.readTextBytes, 'The tool read_files reads it in ranges.');
  return { uri, mimeType: mime, text };
}

/** Trusts no size the file system tells: it is zero for what grows while it is read. */
async function readUpTo(file: OpenFile, maxBytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.min(maxBytes, Math.max(file.stats.size, 65_536)) + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.handle.read(buffer, length, buffer.length - length, length);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
  }
  throw tooLarge(Math.min(maxBytes, buffer.length - 1));
}

const tooLarge = (maxBytes: number, hint?: string): ServerError =>
  new ServerError('LIMIT', `The resource has more than ${maxBytes} bytes.`, hint === undefined ? {} : { hint });
