import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { readValueFile, withoutNewline } from './value-file.js';

describe('readValueFile', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'value-'));
    file = join(folder, 'value');
  });

  it.each([
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    ['secret\n\n', 'secret\n'],
    [' secret ', ' secret '],
    ['\nsecret', '\nsecret'],
    ['secret\r', 'secret\r'],
    ['pässword\n', 'pässword'],
    ['x'.repeat(65_536), 'x'.repeat(65_536)],
  ])('takes one newline off %j and nothing else', (text, value) => {
    writeFileSync(file, text);
    expect(readValueFile(file)).toBe(value);
  });

  it.each<[string, string | Buffer, string]>([
    ['empty', '', 'the file is empty'],
    ['blank', ' \n\n', 'the file is empty'],
    ['too large', 'x'.repeat(65_537), 'larger than 65536 bytes'],
    ['not UTF-8', Buffer.from([0x68, 0xff]), 'not UTF-8'],
    ['no text', 'hunter2\0', 'not a text'],
  ])('refuses a file that is %s, and shows nothing of it', (_what, content, words) => {
    writeFileSync(file, content);
    expect(() => readValueFile(file)).toThrow(words);
    expect(() => readValueFile(file)).not.toThrow('hunter2');
  });

  it('refuses what is no file, without waiting for it', () => {
    execFileSync('mkfifo', [file]);
    for (const other of [file, folder, '/dev/zero', '/dev/null'])
      expect(() => readValueFile(other)).toThrow('not a regular file');
    expect(() => readValueFile(join(folder, 'none'))).toThrow('cannot be read (ENOENT)');
  });

  it('refuses a file that anybody can write, and takes one that others can read, also through links', () => {
    writeFileSync(file, 'secret');
    symlinkSync(file, join(folder, 'link'));
    for (const mode of [0o600, 0o440, 0o444, 0o644]) {
      chmodSync(file, mode);
      expect(readValueFile(join(folder, 'link'))).toBe('secret');
    }
    for (const mode of [0o666, 0o602]) {
      chmodSync(file, mode);
      expect(() => readValueFile(file)).toThrow('anybody on this machine can write the file');
    }
  });
});

describe('withoutNewline', () => {
  it('of nothing is nothing', () => {
    expect(['', '\n', '\r\n'].map(withoutNewline)).toEqual(['', '', '']);
  });
});
