/** Shorter texts would be found in innocent ones. */
export const MIN_FORM_CHARS = 8;

/** Base64 holds three bytes in four letters, so a text stands in it in three ways, by what stands before it. */
const ALIGNMENTS = [0, 1, 2];
const BITS_PER_LETTER = 6;

/** The letters a text fixes inside a longer base64 text, `before` bytes (modulo 3) behind its begin. */
function lettersInside(bytes: Buffer, before: number): string {
  const letters = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
  const first = Math.ceil((before * 8) / BITS_PER_LETTER);
  return letters.slice(first, Math.floor(((before + bytes.length) * 8) / BITS_PER_LETTER));
}

const toUrlAlphabet = (base64: string): string => base64.replaceAll('+', '-').replaceAll('/', '_');
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
const lowerEscapes = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());

/** Every form in which a value travels: as it is, in JSON (twice too), in URLs, in base64 at any place, in hex. */
export function formsOf(secret: string): ReadonlySet<string> {
  // Half a character has no form in bytes.
  const value = secret.toWellFormed();
  const bytes = Buffer.from(value);
  const hex = bytes.toString('hex');
  const base64 = bytes.toString('base64');
  const url = encodeURIComponent(value);
  const allEscaped = hex.replace(/../g, '%$&');
  const inside = ALIGNMENTS.map((before) => lettersInside(bytes, before));
  const forms = [
    secret,
    value,
    bytes.toString('latin1'),
    inJson(value),
    inJson(inJson(value)),
    inJson(value).replaceAll('/', '\\/'),
    url,
    lowerEscapes(url),
    url.replaceAll('%20', '+'),
    new URLSearchParams([['', value]]).toString().slice(1),
    allEscaped,
    allEscaped.toUpperCase(),
    base64,
    toUrlAlphabet(base64),
    bytes.toString('base64url'),
    ...inside,
    ...inside.map(toUrlAlphabet),
    hex,
    hex.toUpperCase(),
  ];
  // Case tells nothing apart in it.
  if (/^[0-9a-f-]+$/i.test(value)) forms.push(value.toLowerCase(), value.toUpperCase());
  return new Set(forms.filter((form) => form.length >= MIN_FORM_CHARS));
}
