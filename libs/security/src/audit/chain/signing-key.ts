import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@app/resources';
import { createOnce } from '../journal/create-once.js';
import { type AuditHead, headText, type SignedHead } from './audit-head.js';
import { keyIdOf } from './trusted-keys.js';

const FILE = 'signing-key.pem';

/** The private half of what heads are signed with. It never leaves the data folder. */
export class SigningKey {
  readonly keyId: string;
  /** PEM, for whoever verifies elsewhere. */
  readonly publicKey: string;

  private constructor(private readonly key: KeyObject) {
    const publicKey = createPublicKey(key);
    this.publicKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    this.keyId = keyIdOf(publicKey);
  }

  /**
   * The key of a folder, made where there is none. Of two processes that start at once both get the same.
   * @throws Error when the file is there and is no Ed25519 key
   */
  static async open(folder: string): Promise<SigningKey> {
    const path = join(folder, FILE);
    const made = (): string =>
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await createOnce(path, made);
    return SigningKey.of(await readFile(path));
  }

  /** The key of a folder, for who only looks; undefined where there is none. */
  static async find(folder: string): Promise<SigningKey | undefined> {
    try {
      return SigningKey.of(await readFile(join(folder, FILE)));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  private static of(pem: Buffer): SigningKey {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${FILE} holds a key of another kind than Ed25519`);
    return new SigningKey(key);
  }

  sign(head: AuditHead): SignedHead {
    return { ...head, signature: sign(null, headText(head), this.key).toString('base64url'), keyId: this.keyId };
  }

  /** A digest that only who has the key can make, so that names cannot be guessed from it. Hex. */
  digest(text: string): string {
    const secret = this.key.export({ type: 'pkcs8', format: 'der' });
    return createHmac('sha256', secret).update(text).digest('hex');
  }
}
