const MAX_CHARS = 200;

/** Controls, zero-width, bidi and tag characters: all that a reader of a message would not see. */
const UNSEEN =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]|[\u{e0000}-\u{e007f}]/gu;

/** Text with everything spelled out that a reader would not see; quotes are as they were. */
export const spellUnseen = (text: string): string =>
  text.replace(UNSEEN, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);

/** A path or name as it may stand in a message: quoted, shortened, with everything invisible spelled out. */
export function spellPath(path: string): string {
  const shown = path === '' ? '.' : path.length > MAX_CHARS ? `${path.slice(0, MAX_CHARS)}…` : path;
  const escaped = shown.replace(/["\\]/g, '\\$&');
  return `"${spellUnseen(escaped)}"`;
}
