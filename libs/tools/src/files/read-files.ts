import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { type Content, RichResult, ServerError, text, type ToolCall } from '@app/mcp';
import type { OpenFile } from '@app/resources';
import type { Workspace } from '../workspace/workspace.js';
import { workspaceUri } from '../resources/workspace-uri.js';
import { Workspaces } from '../workspace/workspaces.js';
import type { ReadFilesInput, ReadFilesOutput, ReadItem, ReadItemResult } from './read-files.schema.js';
import { sniff, SNIFF_BYTES, type Sniffed } from './read-files.sniff.js';
import { decodeUtf8, hasHiddenCharacters } from './text-encoding.js';
import { readUpTo } from './text-read.js';
import { TextScan, unsupportedEncoding } from './text-scan.js';

/** What one call may still return. */
interface Budget {
  textBytes: number;
  mediaBytes: number;
}

interface ItemAnswer {
  readonly result: ReadItemResult;
  readonly block?: Content;
}

/**
 * Reads ranges of files, one after the other so that memory stays flat. A file that cannot be read is an
 * error of its item; where only one was asked for, it is the error of the call.
 */
@Injectable()
export class ReadFiles {
  constructor(
    private readonly workspaces: Workspaces,
    private readonly limits: Limits,
  ) {}

  async run(input: ReadFilesInput, call: ToolCall): Promise<ReadFilesOutput | RichResult> {
    const workspace = this.workspaces.get(call.principal, input.workspace);
    const budget: Budget = {
      textBytes: Math.min(input.max_bytes ?? Infinity, this.limits.readTextBytes),
      mediaBytes: this.limits.readMediaBytes,
    };
    const answers: ItemAnswer[] = [];
    for (const item of input.items) {
      call.signal.throwIfAborted();
      try {
        answers.push(await this.readItem(workspace, item, input.as ?? 'auto', budget, call.signal));
      } catch (error) {
        answers.push({ result: failedItem(item.path, error, input.items.length > 1) });
      }
    }
    // The first block is the text of the structured answer, so those of files are counted from 1.
    const blocks: Content[] = [];
    const items = answers.map(({ result, block }) =>
      block === undefined ? result : { ...result, content_block: blocks.push(block) },
    );
    const output = { items };
    return blocks.length === 0 ? output : new RichResult([text(JSON.stringify(output)), ...blocks], output);
  }

  private async readItem(
    workspace: Workspace,
    item: ReadItem,
    as: 'auto' | 'text' | 'base64',
    budget: Budget,
    signal: AbortSignal,
  ): Promise<ItemAnswer> {
    workspace.rules.check(item.path, 'read');
    await using file = await workspace.tree.openFile(item.path);
    const sniffed = sniff(await readUpTo(file.handle, SNIFF_BYTES, signal));
    if (as === 'text' || (as === 'auto' && sniffed.kind === 'text'))
      return { result: await this.readText(file, item, budget, signal, as === 'text') };
    if (as === 'auto' && sniffed.kind === 'binary') throw this.binary(file, sniffed);
    const { data, result } = await this.readBytes(file.handle, item.path, sniffed, budget, signal);
    const base64 = data.toString('base64');
    if (as === 'base64') {
      const uri = workspaceUri(workspace.name, file.canonical);
      const block: Content = { type: 'resource', resource: { uri, mimeType: sniffed.mime, blob: base64 } };
      return { result: { ...result, encoding: 'base64' }, block };
    }
    const type = sniffed.kind === 'audio' ? 'audio' : 'image';
    return { result: { ...result, encoding: 'media' }, block: { type, data: base64, mimeType: sniffed.mime } };
  }

  private async readText(
    file: OpenFile,
    item: ReadItem,
    budget: Budget,
    signal: AbortSignal,
    allowsNul: boolean,
  ): Promise<ReadItemResult> {
    const { start_line: first = 1, end_line: last = Infinity, tail } = item;
    const claimedBytes = file.stats.size;
    const { piece, encoding, bytesRead, whole } = await new TextScan(
      file.handle,
      { first, last, tail, maxBytes: budget.textBytes },
      { maxScanBytes: this.limits.readScanBytes, claimedBytes, signal },
    ).run();
    const content = decodeUtf8(piece.bytes);
    if (content === undefined)
      throw unsupportedEncoding('The file is not text in UTF-8, nor in UTF-16 with a byte order mark.');
    if (!allowsNul && content.includes('\0'))
      throw unsupportedEncoding('The file has NUL characters, so it is not text.');
    budget.textBytes -= piece.bytes.length;
    return {
      path: item.path,
      content,
      ...(piece.startLine !== undefined && { start_line: piece.startLine, end_line: piece.endLine }),
      ...(whole && { total_lines: whole.totalLines, sha256: whole.sha256, eol: whole.eol }),
      bytes: whole ? bytesRead : Math.max(claimedBytes, bytesRead),
      encoding,
      mime: 'text/plain',
      truncated: piece.truncated,
      ...(piece.nextStartLine !== undefined && { next_start_line: piece.nextStartLine }),
      ...(!whole && { partial: true as const }),
      ...(hasHiddenCharacters(content) && { hidden_unicode: true as const }),
    };
  }

  /** All or nothing: half an image or an archive is of no use. */
  private async readBytes(
    handle: FileHandle,
    path: string,
    { mime }: Sniffed,
    budget: Budget,
    signal: AbortSignal,
  ): Promise<{ readonly data: Buffer; readonly result: ReadItemResult }> {
    const data = await readUpTo(handle, budget.mediaBytes + 1, signal);
    if (data.length > budget.mediaBytes)
      throw new ServerError(
        'LIMIT',
        `The file has more bytes than the ${budget.mediaBytes} left of the ${this.limits.readMediaBytes} one call may return of files that are not text.`,
        {
          ...(budget.mediaBytes < this.limits.readMediaBytes && { hint: 'Read it in a call of its own.' }),
        },
      );
    budget.mediaBytes -= data.length;
    const sha256 = createHash('sha256').update(data).digest('hex');
    return { data, result: { path, sha256, bytes: data.length, mime, truncated: false } };
  }

  private binary({ stats }: OpenFile, { mime }: Sniffed): ServerError {
    if (stats.size > this.limits.readMediaBytes)
      return new ServerError(
        'LIMIT',
        `The file is binary (${mime}) and has more than the ${this.limits.readMediaBytes} bytes that can be returned.`,
      );
    return unsupportedEncoding(`The file is binary (${mime}).`);
  }
}

/** @throws what is no refusal of this one file, or is all there is to answer */
function failedItem(path: string, error: unknown, isOneOfMany: boolean): ReadItemResult {
  if (!isOneOfMany || !(error instanceof ServerError) || error.code === 'INTERNAL') throw error;
  const { code, message, hint } = error;
  return { path, error: { code, message, ...(hint !== undefined && { hint }) } };
}
