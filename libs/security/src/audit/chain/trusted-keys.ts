import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { headText, type SignedHead } from './audit-head.js';

/** The public keys somebody who verifies believes in. They must not come from the database that is verified. */
export class TrustedKeys {
  private readonly keys = new Map<string, KeyObject>();

  /** @param pems one PEM each @throws Error for a text that is no public key */
  constructor(pems: readonly string[]) {
    for (const pem of pems) {
      const key = createPublicKey(pem);
      this.keys.set(keyIdOf(key), key);
    }
  }

  judge(head: SignedHead): 'good' | 'bad signature' | 'unknown key' {
    const key = this.keys.get(head.keyId);
    if (key === undefined) return 'unknown key';
    return verify(null, headText(head), key, Buffer.from(head.signature, 'base64url')) ? 'good' : 'bad signature';
  }
}

/** The first half of the sha256 of the public key (SPKI, DER), hex. */
export const keyIdOf = (publicKey: KeyObject): string =>
  hash('sha256', publicKey.export({ type: 'spki', format: 'der' })).slice(0, 32);
