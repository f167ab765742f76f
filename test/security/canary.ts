import { randomBytes } from 'node:crypto';

/** A secret that exists only to be looked for: random, so that finding it anywhere means it leaked. */
export class Canary {
  /** What is looked for; alone, because the prefix may be searched for by a case. */
  private readonly secret = randomBytes(16).toString('hex');
  private readonly forms: readonly (readonly [form: string, text: string])[];

  constructor(readonly name: string) {
    const bytes = Buffer.from(this.secret);
    const each = (spell: (byte: number) => string): string => Array.from(bytes, spell).join('');
    const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
    this.forms = [
      ['raw', this.secret],
      ['reversed', Array.from(this.secret).reverse().join('')],
      ['hex', each(hex)],
      ['percent', each((byte) => `%${hex(byte)}`)],
      ['JSON escapes', each((byte) => `\\u00${hex(byte)}`)],
      ...[0, 1, 2].map((shift): [string, string] => [`base64 shifted by ${shift}`, base64Inside(bytes, shift)]),
    ];
  }

  /** The text to plant. */
  get text(): string {
    return `CANARY_${this.name}_${this.secret}`;
  }

  /** In which form it is in a text; undefined where it is in none. */
  foundIn(text: string): string | undefined {
    const folded = text.toLowerCase();
    // Base64 tells capitals apart; the other forms are lower case by themselves.
    return this.forms.find(([form, spelled]) => (form.startsWith('base64') ? text : folded).includes(spelled))?.[0];
  }
}

/** The part of the base64 of anything that holds `bytes` at an offset of `shift` modulo 3, whatever is around them. */
function base64Inside(bytes: Buffer, shift: number): string {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64url');
  return encoded.slice(shift === 0 ? 0 : 4, -4);
}
