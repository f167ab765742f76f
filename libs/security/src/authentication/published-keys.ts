import { ServerError } from '@app/mcp';
import { createLocalJWKSet, type CryptoKey, errors, type JSONWebKeySet, type JWSHeaderParameters } from 'jose';
import { CredentialRefused } from './credential-refused.error.js';
import type { IssuerClient } from './issuer-client.js';
import { ASYMMETRIC, SigningKeys } from './signing-keys.js';

/** Older keys are asked for anew, behind the back of who needs one. */
const FRESH_MS = 10 * 60_000;
/** Without an answer of the issuer, keys are used for so long after they came. */
const STALE_MS = 24 * 60 * 60_000;
/** However many unknown keys are named, the issuer is asked at most once in this time. */
const COOLDOWN_MS = 30_000;
const METADATA = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];
const MAX_KEYS = 100;

type KeySet = (header: JWSHeaderParameters) => Promise<CryptoKey>;

interface Known {
  readonly find: KeySet;
  readonly count: number;
  /** Monotonic, ms. */
  readonly at: number;
}

/**
 * The keys an issuer publishes: kept, renewed in time, asked for again when a token names one that is not there, and
 * used on while the issuer is away.
 */
export class PublishedKeys extends SigningKeys {
  override readonly algorithms = ASYMMETRIC;
  private known?: Known;
  private asking?: Promise<Known>;
  private askedAt = -Infinity;
  /** Why the keys could not be had when they were asked for last; undefined: they could. */
  private failure?: unknown;

  /**
   * @param jwksUrl undefined: the metadata of the issuer names it
   * @param now monotonic, ms
   */
  constructor(
    private readonly issuer: string,
    private readonly jwksUrl: string | undefined,
    private readonly client: IssuerClient,
    private readonly now: () => number = () => performance.now(),
  ) {
    super();
  }

  /** Milliseconds since the keys came; undefined while there are none. */
  get ageMs(): number | undefined {
    return this.known && this.now() - this.known.at;
  }

  override async find(header: JWSHeaderParameters): Promise<CryptoKey> {
    let known = await this.current();
    try {
      return await pick(known, header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw refused(error);
      // Whether the key is one of the issuer's cannot be known while the issuer is away.
      if (this.asking === undefined && !this.mayAsk()) throw this.failure ?? refused(error);
    }
    known = await this.renew();
    try {
      return await pick(known, header);
    } catch (error) {
      throw refused(error);
    }
  }

  private async current(): Promise<Known> {
    const { known } = this;
    const age = this.ageMs;
    if (known === undefined || age === undefined || age > STALE_MS) {
      if (this.asking === undefined && !this.mayAsk()) throw this.failure;
      return this.renew();
    }
    // Who asks now is not kept waiting, and what goes wrong is tried again after the pause.
    if (age > FRESH_MS && this.mayAsk()) this.renew().catch(() => undefined);
    return known;
  }

  private mayAsk(): boolean {
    return this.now() - this.askedAt >= COOLDOWN_MS;
  }

  private renew(): Promise<Known> {
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async ask(): Promise<Known> {
    this.askedAt = this.now();
    try {
      const keys = (await this.client.json(this.jwksUrl ?? (await this.discover())))?.['keys'];
      if (!Array.isArray(keys) || keys.length === 0 || keys.length > MAX_KEYS)
        throw new ServerError('POLICY_UNAVAILABLE', 'The issuer of tokens publishes no keys.');
      const set = { keys: keys.filter((key: unknown) => isPublic(key)) } as JSONWebKeySet;
      // Those that are known are better than none.
      if (set.keys.length === 0)
        throw new ServerError('POLICY_UNAVAILABLE', 'The issuer of tokens publishes no key that can be used.');
      this.known = { find: createLocalJWKSet(set), count: set.keys.length, at: this.now() };
      this.failure = undefined;
      return this.known;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }

  /** RFC 8414, else OpenID Connect. The path of the issuer stands behind the first, before the second. */
  private async discover(): Promise<string> {
    const { origin, pathname } = new URL(this.issuer);
    const path = pathname === '/' ? '' : pathname.replace(/\/$/, '');
    let cause: unknown;
    for (const url of [origin + METADATA[0] + path, this.issuer.replace(/\/$/, '') + METADATA[1]]) {
      // What an issuer does not know it need not answer with 404.
      const metadata = await this.client.json(url).catch((error: unknown) => void (cause = error));
      if (metadata === undefined) continue;
      const { issuer, jwks_uri: uri } = metadata;
      if (issuer === this.issuer && typeof uri === 'string' && URL.canParse(uri) && isProtected(uri)) return uri;
    }
    throw new ServerError('POLICY_UNAVAILABLE', 'The issuer of tokens does not say where its keys are.', { cause });
  }
}

/** A key that is not named can only be meant where there is one. */
function pick({ find, count }: Known, header: JWSHeaderParameters): Promise<CryptoKey> {
  if (header.kid === undefined && count > 1) throw new CredentialRefused('no kid, and several keys');
  return find(header);
}

/** A key that is published but cannot be read is none: it breaks only what names it. */
const refused = (error: unknown): unknown =>
  error instanceof CredentialRefused ? error : new CredentialRefused('no such key', { cause: error });

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const isProtected = (url: string): boolean => url.startsWith('https://') || LOOPBACK.has(new URL(url).hostname);

/** Neither a secret, nor a private key somebody has published, nor one for something else. */
function isPublic(key: unknown): boolean {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, d, use } = key as Record<string, unknown>;
  return ['RSA', 'EC', 'OKP'].includes(String(kty)) && d === undefined && (use === undefined || use === 'sig');
}
