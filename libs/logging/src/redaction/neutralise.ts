/**
 * What changes how a line is shown, or cannot be seen in it: controls but for the tab (CR, LF, ESC and C1, so ANSI and
 * OSC sequences too), separators of lines, marks of direction, blanks without width, tags, selectors of variants and
 * halves of characters.
 */
const HIDDEN =
  '\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\ufffe\\uffff\\ud800-\\udfff\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}';
const HIDDEN_CHARS = new RegExp(`[${HIDDEN}]`, 'gu');
/** In a text of JSON, which escapes the first controls itself: only its line breaks, between values, stand as they are. */
const HIDDEN_IN_JSON = new RegExp(`[${HIDDEN.replace('\\u000a-\\u001f', '\\u000b-\\u001f')}]`, 'gu');
/** Texts of ASCII letters, which most are, are let through by a look that costs less. */
// oxlint-disable-next-line no-control-regex
const MAYBE_HIDDEN = /[^\u0009\u0020-\u007e]/;
// oxlint-disable-next-line no-control-regex
const MAYBE_HIDDEN_IN_JSON = /[^\u0009\u000a\u0020-\u007e]/;

/** For one line that people or terminals read: what they would not see as what it is stands as `\u{202e}`. Tabs stay. */
export function neutralise(text: string): string {
  if (!MAYBE_HIDDEN.test(text)) return text;
  return text.replace(HIDDEN_CHARS, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/** The same for lines of JSON, in the escapes of JSON: it still says the same to whoever parses it. */
export function neutraliseJson(lines: string): string {
  if (!MAYBE_HIDDEN_IN_JSON.test(lines)) return lines;
  return lines.replace(HIDDEN_IN_JSON, (char) =>
    Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}
