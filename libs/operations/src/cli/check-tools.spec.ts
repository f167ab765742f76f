import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ToolDefinition } from '@app/pipeline';
import { checkTools } from './check-tools.js';
import { lockTools } from './tools-lock.js';

const tool = (required: readonly string[], description = 'd'): ToolDefinition => ({
  name: 'x',
  title: 'X',
  description,
  inputSchema: { type: 'object', properties: { a: { type: 'string' } }, required },
  annotations: { title: 'X', readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
});

describe('checkTools', () => {
  let file: string;
  beforeEach(() => {
    file = join(mkdtempSync(join(tmpdir(), 'lock-')), 'tools.lock.json');
    writeFileSync(file, JSON.stringify(lockTools([tool([])])));
  });
  const check = (definition: ToolDefinition, isOwn: boolean) => checkTools([definition], file, { isOwn });

  it('finds nothing where the lock is what is served', async () => {
    expect(await check(tool([]), true)).toEqual({ report: '', isRefused: false });
  });

  it('refuses what breaks callers, whichever lock it is', async () => {
    for (const isOwn of [true, false])
      expect(await check(tool(['a']), isOwn)).toEqual({ report: 'BREAKING x  input.a: now required', isRefused: true });
  });

  it('refuses other changes only where its own lock does not say them', async () => {
    for (const isOwn of [true, false])
      expect(await check(tool([], 'D'), isOwn)).toEqual({
        report: 'WORDS    x  changed words in its description',
        isRefused: isOwn,
      });
  });

  it.each(['', 'x', '{}', 'null', '{"tools":{"x":{}}}', '{"tools":{"x":{"fingerprint":"a","definition":{}}}}'])(
    'refuses %j in place of a lock',
    async (text) => {
      writeFileSync(file, text);
      await expect(check(tool([]), true)).rejects.toThrow('not a file that `tools lock` wrote');
    },
  );

  it('refuses a file that is not there', async () => {
    await expect(checkTools([], `${file}.old`, { isOwn: false })).rejects.toThrow('cannot be read (ENOENT)');
  });
});
