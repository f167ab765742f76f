import { type AuthSettings, ConfigurationError, type Limits } from '@app/config';
import type { KeyValueStore, SqlDatabase } from '@app/storage';
import { ApiKeyVerifier } from './api-key-verifier.js';
import { ApiKeys } from './api-keys.js';
import { Authenticator } from './authenticator.js';
import { ClientAddress } from './client-address.js';
import { PublicKeys, SecretKey } from './fixed-keys.js';
import { IntrospectionVerifier } from './introspection-verifier.js';
import { IssuerClient } from './issuer-client.js';
import { JwtVerifier } from './jwt-verifier.js';
import { PublishedKeys } from './published-keys.js';
import { RevokedTokens } from './revoked-tokens.js';
import type { SigningKeys } from './signing-keys.js';
import type { TokenVerifier } from './token-verifier.js';
import { VerifiedTokens } from './verified-tokens.js';

/**
 * The ways to authenticate that are configured.
 * @throws ConfigurationError for keys that cannot be used
 */
export function createAuthenticator(
  settings: AuthSettings,
  limits: Limits,
  store: KeyValueStore,
  database: SqlDatabase | undefined,
  client = new IssuerClient(),
): Authenticator {
  const keys = settings.acceptsApiKeys ? new ApiKeys(databaseOf(database)) : undefined;
  const signingKeys = signingKeysOf(settings, client);
  const tokens: TokenVerifier[] = [];
  if (keys !== undefined) tokens.push(new ApiKeyVerifier(keys));
  if (signingKeys !== undefined) tokens.push(new JwtVerifier(signingKeys, settings));
  const { introspectionUrl: url, clientId, clientSecret, gatewayHeader, clientCertHeader } = settings;
  if (url !== undefined && clientId !== undefined && clientSecret !== undefined)
    tokens.push(new IntrospectionVerifier({ url, clientId, clientSecret }, settings, client));
  return new Authenticator(
    {
      tokens,
      keys,
      ...(gatewayHeader !== undefined &&
        signingKeys !== undefined && {
          gateway: { header: gatewayHeader, verifier: new JwtVerifier(signingKeys, settings, 'gateway') },
        }),
      ...(clientCertHeader !== undefined && { certificateHeader: clientCertHeader }),
      revoked: new RevokedTokens(store),
    },
    new VerifiedTokens(limits),
    new ClientAddress(settings.trustedProxies),
  );
}

function databaseOf(database: SqlDatabase | undefined): SqlDatabase {
  if (database === undefined) throw new ConfigurationError(['AUTH_API_KEYS: keys need a database to be kept in']);
  return database;
}

function signingKeysOf(settings: AuthSettings, client: IssuerClient): SigningKeys | undefined {
  const { secret, publicKeys, issuer, jwksUrl, introspectionUrl } = settings;
  if (secret !== undefined) return new SecretKey(secret);
  if (publicKeys !== undefined) return new PublicKeys(publicKeys);
  // An issuer that is asked about every token need not publish keys.
  if (issuer === undefined || (jwksUrl === undefined && introspectionUrl !== undefined)) return undefined;
  return new PublishedKeys(issuer, jwksUrl, client);
}
