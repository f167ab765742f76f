import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { CONFIG_KEY_BYTES, type ConfigKey } from '../config-key.js';
import { CipherError } from './cipher.error.js';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Key, nonce, tag, ciphertext. The lengths are those of 12 and 16 bytes without padding. */
const SEALED = /^enc:v1:([A-Za-z0-9._-]{1,64}):([\w-]{16}):([\w-]{22}):([\w-]*)$/;

/** So many random bytes; never the same twice. */
export type RandomBytes = (count: number) => Buffer;

interface Ring {
  readonly kid: string;
  /** What the keys of purposes are derived from; it encrypts nothing itself. */
  readonly root: KeyObject;
  readonly sealing: KeyObject;
}

/**
 * Seals texts as `enc:v1:<kid>:<nonce>:<tag>:<ciphertext>`: AES-256-GCM, the parts in base64url. A sealed text opens only
 * in the place it was sealed for. The newest key seals, every key opens.
 *
 * Nonces are random: one key is good for 2^32 texts (NIST SP 800-38D, 8.3), and a purpose has a key of its own.
 */
export class Cipher {
  readonly #rings: ReadonlyMap<string, Ring>;
  readonly #newest: Ring;
  readonly #random: RandomBytes;

  /** @param keys newest first, each kid once. @throws RangeError for no keys, or a kid that is there twice */
  constructor(keys: readonly ConfigKey[], random: RandomBytes = randomBytes) {
    const rings = keys.map(({ kid, key }) => ({ kid, root: key, sealing: derive(key, 'seal') }));
    this.#rings = new Map(rings.map((ring) => [ring.kid, ring]));
    if (rings.length === 0) throw new RangeError('A cipher needs a key');
    if (this.#rings.size < rings.length) throw new RangeError('A cipher has two keys of the same name');
    this.#newest = rings[0]!;
    this.#random = random;
  }

  /** Whether the text has the form of a sealed one; it may still not open. */
  static isSealed(text: string): boolean {
    return SEALED.test(text);
  }

  /** A cipher for one purpose, e.g. `idempotency`: its keys are derived from these, and open nothing of another purpose. */
  for(purpose: string): Cipher {
    const keys = [...this.#rings.values()].map(({ kid, root }) => ({ kid, key: derive(root, `for ${purpose}`) }));
    return new Cipher(keys, this.#random);
  }

  /**
   * @param place where the text will stand, e.g. the name of the setting or the key of the record
   * @throws TypeError for half surrogate pairs, which would come back as another text
   */
  seal(text: string, place: string): string {
    const { kid, sealing } = this.#newest;
    if (!text.isWellFormed()) throw new TypeError('The text is not well-formed Unicode');
    const iv = this.#random(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, sealing, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(bound(kid, place));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    const parts = [iv, cipher.getAuthTag(), sealed].map((part) => part.toString('base64url'));
    return `enc:v1:${kid}:${parts.join(':')}`;
  }

  /** @throws CipherError for whatever was not sealed by one of these keys for this place */
  open(sealed: string, place: string): string {
    const [, kid, ...parts] = SEALED.exec(sealed) ?? [];
    const [iv, tag, body] = parts.map((part) => Buffer.from(part, 'base64url'));
    if (kid === undefined || iv === undefined || tag === undefined || body === undefined)
      throw new CipherError('malformed');
    // The last character of a part can hold bits that decoding drops: only one spelling of a value is that value.
    if ([iv, tag, body].some((part, index) => part.toString('base64url') !== parts[index]))
      throw new CipherError('malformed');
    const ring = this.#rings.get(kid);
    if (ring === undefined) throw new CipherError('unknown key');
    const decipher = createDecipheriv(ALGORITHM, ring.sealing, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(bound(kid, place));
    decipher.setAuthTag(tag);
    const text = decipher.update(body);
    try {
      return Buffer.concat([text, decipher.final()]).toString('utf8');
    } catch {
      throw new CipherError('refused');
    }
  }

  /** The same text under the newest key; one that is under it already stays as it is. @throws CipherError */
  rotate(sealed: string, place: string): string {
    const text = this.open(sealed, place);
    return sealed.startsWith(`enc:v1:${this.#newest.kid}:`) ? sealed : this.seal(text, place);
  }

  toString(): string {
    return '[Cipher]';
  }
  toJSON(): string {
    return '[Cipher]';
  }
  [inspect.custom](): string {
    return '[Cipher]';
  }
}

const derive = (key: KeyObject, use: string): KeyObject =>
  createSecretKey(
    new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), `mcp-software-engineer enc:v1 ${use}`, CONFIG_KEY_BYTES)),
  );

/** What the tag vouches for besides the text. A kid holds no colon, so no two pairs give the same bytes. */
function bound(kid: string, place: string): Buffer {
  if (!place.isWellFormed()) throw new TypeError('The place is not well-formed Unicode');
  return Buffer.from(`enc:v1:${kid}:${place}`);
}
