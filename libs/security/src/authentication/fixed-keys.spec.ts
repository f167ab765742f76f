import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '@app/config';
import { CredentialRefused } from './credential-refused.error.js';
import { PublicKeys, SecretKey } from './fixed-keys.js';

const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ed = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });

describe('PublicKeys', () => {
  const keys = new PublicKeys([ec, ed, rsa].map(({ publicKey }) => pemOf(publicKey)).join('\n'));

  it.each(['RS256', 'RS512', 'PS256', 'ES256', 'EdDSA'])('has one for %s', async (alg) => {
    expect(await keys.find({ alg })).toMatchObject({ type: 'public' });
  });
  it.each(['ES384', 'HS256', 'none', '', undefined])('has none for %s', async (alg) => {
    await expect(keys.find({ ...(alg !== undefined && { alg }) })).rejects.toThrow(CredentialRefused);
  });
  it.each([
    ['nothing', ''],
    ['no key', 'x'],
    ['a private key', ec.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string],
    ['a broken key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
    ['a weak key', pemOf(generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey)],
    ['a key for something else', pemOf(generateKeyPairSync('x25519').publicKey)],
    ['two of a kind', pemOf(ec.publicKey) + pemOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)],
  ])('starts with %s in no case', (_what, pem) => {
    expect(() => new PublicKeys(pem)).toThrow(ConfigurationError);
  });
});

describe('SecretKey', () => {
  it('is for HS256 alone, and no public key is', () => {
    expect(new SecretKey('x'.repeat(32)).algorithms).toEqual(['HS256']);
    expect(new PublicKeys(pemOf(ec.publicKey)).algorithms.some((alg) => alg.startsWith('HS'))).toBe(false);
  });
});
