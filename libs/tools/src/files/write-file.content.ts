import { ServerError } from '@app/mcp';

const NOT_BASE64 = /[^A-Za-z0-9+/]/;
const PADDING = /={1,2}$/;

/**
 * The bytes to write.
 * @throws ServerError INVALID_ARGUMENT for text that is not valid Unicode or not base64, LIMIT for too many bytes
 */
export function contentBytes(content: string, encoding: 'utf-8' | 'base64', maxBytes: number): Buffer {
  const size = encoding === 'base64' ? Math.floor((content.length * 3) / 4) - 2 : Buffer.byteLength(content);
  if (size > maxBytes) throw tooLarge(maxBytes);
  if (encoding === 'utf-8') {
    if (!content.isWellFormed())
      throw new ServerError('INVALID_ARGUMENT', 'content has text that is not valid Unicode.');
    return Buffer.from(content);
  }
  if (content.length % 4 !== 0 || NOT_BASE64.test(content.replace(PADDING, '')))
    throw new ServerError('INVALID_ARGUMENT', 'content is not base64.');
  const data = Buffer.from(content, 'base64');
  if (data.length > maxBytes) throw tooLarge(maxBytes);
  return data;
}

const tooLarge = (maxBytes: number): ServerError =>
  new ServerError('LIMIT', `content has more than ${maxBytes} bytes.`, { hint: 'Write the rest with mode "append".' });
