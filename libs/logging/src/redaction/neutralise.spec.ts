import { describe, expect, it } from '@jest/globals';
import { neutralise, neutraliseJson } from './neutralise.js';

describe('neutralise', () => {
  it.each([
    ['a line break', 'a\r\nb', 'a\\u{d}\\u{a}b'],
    ['a colour', '\u001b[31mred', '\\u{1b}[31mred'],
    ['a link of OSC 8', '\u001b]8;;http://x\u0007', '\\u{1b}]8;;http://x\\u{7}'],
    ['C1', '\u009b2J\u0090', '\\u{9b}2J\\u{90}'],
    ['a turn of direction', 'a\u202eb\u2066', 'a\\u{202e}b\\u{2066}'],
    ['a blank without width', 'a\u200bb\ufeff', 'a\\u{200b}b\\u{feff}'],
    ['a tag', 'a\u{e0041}', 'a\\u{e0041}'],
    ['a selector of variants', 'a\ufe0f\u{e0100}', 'a\\u{fe0f}\\u{e0100}'],
    ['a separator of lines', 'a\u2028b', 'a\\u{2028}b'],
    ['half a character', 'a\ud800', 'a\\u{d800}'],
    ['NUL and DEL', '\0\u007f', '\\u{0}\\u{7f}'],
  ])('shows %s', (_what, text, shown) => {
    expect(neutralise(text)).toBe(shown);
  });

  it('leaves what people read', () => {
    const text = 'tab\there, größe, 日本語, пример, 😀';
    expect(neutralise(text)).toBe(text);
  });

  it('leaves a line of JSON saying the same', () => {
    const value = { a: '\u202e\u009b\u{e0041}\ud800\u2028 ä 😀\u007f' };
    const lines = `${JSON.stringify(value)}\n`;
    expect(neutraliseJson(lines)).toMatch(/^\{"a":"[\x20-\x7eä😀]*"\}\n$/u);
    expect(JSON.parse(neutraliseJson(lines))).toEqual(value);
  });
});
