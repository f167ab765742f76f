/** What stands behind `password:` and is no password: types, states, words of a sentence. */
const WORDS = new Set(
  `true false null undefined none nil nan string number boolean bool bytes buffer uint8array cryptokey keyobject object any
  unknown never void char varchar text str int integer record promise required optional missing invalid expired empty unset
  set redacted hidden masked removed yes no on off enabled disabled default ok failed incorrect wrong mismatch rejected
  expected provided not is the your must should was for and or with field value here password passwd passphrase secret token
  key apikey credential credentials auto generated prompt ask env environment file inherit plain plaintext sha256 sha512
  md5 bcrypt argon2 argon2id scrypt hs256 rs256 es256 jwt opaque bearer basic digest negotiate identifier punctuator
  punctuation eof keyword in of to from if header headers cookie query body input type changed reset updated rotated
  revoked created deleted authorization authentication auth new self this return todo const let var function class`
    .split(/\s+/)
    .map((word) => word.trim()),
);

/** Stands for a value, e.g. `${DB_PASSWORD}`, `<token>`, `%s`, `****`, `xxxx`, `...`. */
const STAND_IN =
  /^(?:\$\{|\$\(|\$[A-Za-z_][A-Z0-9_]*$|\{\{|%[sdvj(]|%[A-Z_]+%$|<|\[|[*•.…x_-]{3,}$|X{3,}|(?:your|my|some|the)[-_]|\/run\/secrets|enc:v1:|process\.|env\.|os\.|secrets?\.|0x[0-9a-f]{1,8}$|vault:|op:\/\/)/;
/** Code that reads a value from somewhere. */
const PATH_OF_NAMES = /^[A-Za-z_$][A-Za-z_$]*(?:[?!]?\.[A-Za-z_$][A-Za-z_$]*)+;?$/;
const NAME_OF_ITSELF =
  /^[a-z_]*(?:password|passwd|secret|token|key|credentials?)(?:[_-]?(?:ref|name|id|file|env))?;?$/i;
const SENTENCE = /\b(?:your|must|the|is|are|enter|please|not|required|field|least|with|for|have|and|to|has|can)\b/i;

/** Whether a text can be the value of a password: everything, but for what plainly stands for one or speaks of one. */
export function isPassword(value: string, text: string, end: number): boolean {
  if (isStandIn(value) || NAME_OF_ITSELF.test(value) || PATH_OF_NAMES.test(value)) return false;
  if (/\s/.test(value)) return !SENTENCE.test(value);
  // A word behind a blank, and the sentence goes on.
  const isWord = /^[A-Za-z'-]+$/.test(value) && text[end - value.length - 1] === ' ';
  if (isWord && /^ [a-z]/.test(text.slice(end, end + 2))) return false;
  return !isCall(text, end);
}

/** Whether a text can be a token or a key: long, or a mix of letters and digits, and no name of something. */
export function isToken(value: string, text: string, end: number): boolean {
  if (!isPassword(value, text, end) || value.includes(' ')) return false;
  const hasDigit = /\d/.test(value);
  if (/[A-Za-z]/.test(value) && hasDigit)
    return value.length >= 6 && !/^https?:|^[a-z]+-v?\d+$|^v?\d+(?:\.\d+)+/i.test(value);
  // Digits alone count something; words alone name something.
  return hasDigit
    ? value.length >= 12 && !/^[\d.,:%]+$/.test(value)
    : value.length >= 20 && !/^[a-z]+(?:[-_. ][a-z]+)*$/i.test(value);
}

/** What stands where nothing but a credential can stand, behind `Authorization: Bearer`. */
export const isGiven = (value: string): boolean => !isStandIn(value);

const isStandIn = (value: string): boolean =>
  STAND_IN.test(value) || WORDS.has(value.toLowerCase().replace(/[.:!?)\]*]+$/, ''));
const isCall = (text: string, end: number): boolean => text[end] === '(' || text[end] === '[';
