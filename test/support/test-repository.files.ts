/** What a test looks for; it stands on one line of a file that is not ignored, and where it must not be found. */
export const NEEDLE = 'NEEDLE_7f3a';

/** A file with CRLF on every line, none at its end, and characters of two and four bytes. */
export const CRLF_FILE = 'windows/Invoice.cs';
export const CRLF_FILE_LINES: readonly string[] = [
  'using System;',
  '',
  'namespace Billing',
  '{',
  '    // Beträge in € 😀',
  '    public class Invoice',
  '    {',
  `        public const string Marker = "${NEEDLE}";`,
  '        public const decimal TaxRate = 0.16m;',
  '        public decimal Total(decimal net) => net * (1 + TaxRate);',
  '    }',
  '}',
];

/** A name that has to be escaped in a URI in every way there is. */
export const ODD_NAME = 'docs/50%20 of #1 + 日本語 é😀.txt';

/** A picture of one pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const AREAS = 12;
const MODULES_PER_AREA = 16;
const MINIFIED_CHARS = 200_000;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

const twoDigits = (n: number): string => String(n).padStart(2, '0');
const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;
const crlf = (...all: readonly string[]): string => `${all.join('\r\n')}\r\n`;

/** UTF-16 with its mark; big-endian by swapping what Node writes. */
const utf16 = (text: string, order: 'le' | 'be'): Buffer => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
};

function* modules(): Iterable<[string, string]> {
  for (let area = 1; area <= AREAS; area++)
    for (let n = 1; n <= MODULES_PER_AREA; n++) {
      const name = `area${twoDigits(area)}Part${twoDigits(n)}`;
      const source = lines(
        `/** Part ${n} of area ${area}. */`,
        `export function ${name}(value: number): number {`,
        `  return value * ${area} + ${n};`,
        '}',
      );
      yield [`src/area-${twoDigits(area)}/part-${twoDigits(n)}.ts`, source];
    }
}

const text: readonly [string, string | Buffer][] = [
  ['README.md', lines('# A repository for tests', '', 'Every kind of file that a real one has.')],
  ['package.json', lines('{ "name": "sample", "type": "module" }')],
  // Line endings are part of what is tested, so git may not touch them.
  ['.gitattributes', lines('* -text')],
  ['src/deep/er/and/deep/er/still/leaf.ts', lines('export const leaf = true;')],
  ['docs/café.md', lines('# Café')],
  ['docs/日本語.md', lines('# 日本語')],
  ['docs/emoji-😀.txt', lines('😀')],
  ['docs/with space.txt', lines('a space')],
  ['docs/per%20cent.txt', lines('a percent sign')],
  [ODD_NAME, lines('odd')],
  ['-leading-dash.txt', lines('not an option')],
  ['text/empty.txt', ''],
  ['text/one-line-feed.txt', '\n'],
  ['text/no-final-newline.txt', 'first\nlast'],
  ['text/mixed-eol.txt', 'unix\nwindows\r\nold mac\rlast\r\n'],
  ['text/utf8-bom.txt', Buffer.concat([BOM, Buffer.from(lines('after the mark'))])],
  ['text/utf8-bom-crlf.csv', Buffer.concat([BOM, Buffer.from(crlf('id;name', '1;Jürgen'))])],
  ['text/utf16le.txt', utf16('sixteen\r\nbits\r\n', 'le')],
  ['text/utf16be.txt', utf16('sixteen\nbits\n', 'be')],
  ['text/latin1.txt', Buffer.from('caf\xe9\n', 'latin1')],
  ['text/control.txt', 'bell \u0007 escape \u001b[31m red\n'],
  [CRLF_FILE, CRLF_FILE_LINES.join('\r\n')],
  ['windows/Program.cs', crlf('class Program', '{', '}')],
  ['windows/build.bat', crlf('@echo off', 'echo built')],
  ['assets/pixel.png', PNG],
  ['assets/all-bytes.bin', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
  ['assets/bundle.min.js', `var a=[${'1,'.repeat(MINIFIED_CHARS / 2)}];`],
  ['logs/kept.log', lines('kept by a rule that takes back another')],
];

/** What git ignores. All of it has the needle, so that a search which finds it there is wrong. */
const ignored: readonly [string, string][] = [
  ['.gitignore', lines('node_modules/', '/build/', '*.log', '!/logs/kept.log')],
  ['packages/one/.gitignore', lines('generated/', 'local.*')],
  ['packages/one/index.ts', lines("export * from './kept.js';")],
  ['packages/one/kept.ts', lines('export const kept = 1;')],
  ['packages/one/generated/types.ts', lines(`// ${NEEDLE}`)],
  ['packages/one/local.json', lines(`"${NEEDLE}"`)],
  ['node_modules/left/index.js', lines(`// ${NEEDLE}`)],
  ['node_modules/left/package.json', lines('{ "name": "left" }')],
  ['build/out.js', lines(`// ${NEEDLE}`)],
  ['debug.log', lines(NEEDLE)],
];

/** Every regular file by its path in the work tree. */
export const FILES: ReadonlyMap<string, string | Buffer> = new Map([...modules(), ...text, ...ignored]);

export const EXECUTABLES: ReadonlyMap<string, string> = new Map([
  ['scripts/build.sh', lines('#!/bin/sh', 'echo built')],
  ['scripts/tool', lines('#!/usr/bin/env node', 'console.log(1);')],
]);

/** Files beside the work tree, which nothing may reach through it. */
export const OUTSIDE: ReadonlyMap<string, string> = new Map([
  ['secret.txt', lines(NEEDLE)],
  ['folder/secret.ts', lines(`// ${NEEDLE}`)],
]);

/** Links by path. */
export const LINKS: ReadonlyMap<string, string> = new Map([
  ['links/file-inside.ts', '../src/area-01/part-01.ts'],
  ['links/folder-inside', '../src/area-02'],
  ['links/file-outside.txt', '../../outside/secret.txt'],
  ['links/folder-outside', '../../outside/folder'],
  ['links/absolute-outside', '/etc/passwd'],
  ['links/dangling', 'nothing-here'],
  ['links/loop', 'loop'],
]);
