import { createPublicKey, type KeyObject } from 'node:crypto';
import { ConfigurationError } from '@app/config';
import { type CryptoKey, type JWSHeaderParameters, importSPKI } from 'jose';
import { CredentialRefused } from './credential-refused.error.js';
import { ASYMMETRIC, SigningKeys } from './signing-keys.js';

const PEM = /-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----[\s\S]*?-----END \1-----/g;
const MIN_RSA_BITS = 2_048;

/** The secret of tokens signed with HS256, for small setups. */
export class SecretKey extends SigningKeys {
  override readonly algorithms = ['HS256'];
  private readonly key: Uint8Array;

  constructor(secret: string) {
    super();
    this.key = new TextEncoder().encode(secret);
  }

  override find(): Promise<Uint8Array> {
    return Promise.resolve(this.key);
  }
}

/** Public keys from the configuration, as PEM. A token is verified with the one whose kind its algorithm needs. */
export class PublicKeys extends SigningKeys {
  override readonly algorithms = ASYMMETRIC;
  private readonly keys: readonly KeyObject[];

  /** @throws ConfigurationError for a text without a key, and for keys that are weak or two of a kind */
  constructor(pem: string) {
    super();
    this.keys = (pem.match(PEM) ?? []).map(readKey);
    if (this.keys.length === 0) throw new ConfigurationError(['AUTH_PUBLIC_KEYS: there is no public key as PEM in it']);
    const kinds = this.keys.map(kindOf);
    if (new Set(kinds).size < kinds.length)
      throw new ConfigurationError(['AUTH_PUBLIC_KEYS: two keys of one kind; publish them with ids at AUTH_JWKS_URL']);
  }

  override async find({ alg }: JWSHeaderParameters): Promise<CryptoKey> {
    const key = this.keys.find((each) => kindOf(each) === KIND_OF[alg ?? '']);
    if (key === undefined || alg === undefined) throw new CredentialRefused('no key for its algorithm');
    return importSPKI(key.export({ type: 'spki', format: 'pem' }) as string, alg);
  }
}

const KIND_OF: Readonly<Record<string, string>> = {
  ...Object.fromEntries(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'].map((alg) => [alg, 'rsa'])),
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
  EdDSA: 'ed25519',
  Ed25519: 'ed25519',
};

const kindOf = (key: KeyObject): string => key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'unknown';

function readKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new ConfigurationError(['AUTH_PUBLIC_KEYS: a key cannot be read']);
  }
  if (!Object.values(KIND_OF).includes(kindOf(key)))
    throw new ConfigurationError(['AUTH_PUBLIC_KEYS: a key is of a kind that signs no tokens here']);
  if ((key.asymmetricKeyDetails?.modulusLength ?? MIN_RSA_BITS) < MIN_RSA_BITS)
    throw new ConfigurationError([`AUTH_PUBLIC_KEYS: an RSA key has less than ${MIN_RSA_BITS} bits`]);
  return key;
}
