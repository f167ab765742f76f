import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type GenerateKeyPairResult,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';

export const TEST_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const;
export type TestAlgorithm = (typeof TEST_ALGORITHMS)[number];
type Claims = Record<string, unknown>;

interface Pair extends GenerateKeyPairResult {
  readonly kid: string;
}
interface Grant {
  readonly challenge: string;
  readonly scope: string;
  readonly resource?: string;
}

/** Whom it signs in, and for how long. */
const SUBJECT = 'alice';
const LIFE_S = 600;

/**
 * An issuer of tokens for tests, on loopback, with keys made for it: metadata, keys, the authorization code flow
 * (everybody who asks is let in), and introspection. It can exchange its keys, and be away.
 */
export class TestIssuer {
  /** How often each path was asked. */
  readonly requests = new Map<string, number>();
  /** Answers of the introspection by token; others are not active. */
  readonly opaque = new Map<string, Claims>();
  private pairs = new Map<TestAlgorithm, Pair>();
  private readonly grants = new Map<string, Grant>();
  private isAway = false;

  private constructor(
    private readonly server: Server,
    /** The audience of what it gives out by its flow, unless another resource is asked for. */
    public audience: string,
  ) {}

  static async start(audience = 'https://mcp.example.com/mcp'): Promise<TestIssuer> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const issuer = new TestIssuer(server, audience);
    server.on('request', (req, res) => void issuer.answer(req, res));
    await issuer.rotate();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
  get jwksUrl(): string {
    return `${this.url}/jwks`;
  }

  /** New keys in the place of the old ones. */
  async rotate(): Promise<void> {
    const made = await Promise.all(
      TEST_ALGORITHMS.map(async (alg): Promise<[TestAlgorithm, Pair]> => {
        const pair = await generateKeyPair(alg, { extractable: true });
        return [alg, { ...pair, kid: `${alg}-${randomUUID()}` }];
      }),
    );
    this.pairs = new Map(made);
  }

  /** From here on connections are cut. */
  down(): void {
    this.isAway = true;
    this.server.closeAllConnections();
  }
  up(): void {
    this.isAway = false;
  }

  /** @returns the public key as PEM */
  publicKey(alg: TestAlgorithm = 'RS256'): Promise<string> {
    return exportSPKI(this.pairs.get(alg)!.publicKey);
  }
  privateKey(alg: TestAlgorithm = 'RS256'): Pair['privateKey'] {
    return this.pairs.get(alg)!.privateKey;
  }
  kid(alg: TestAlgorithm = 'RS256'): string {
    return this.pairs.get(alg)!.kid;
  }

  /** Claims that are good in every respect. */
  claims(more: Claims = {}): Claims {
    const now = Math.floor(Date.now() / 1_000);
    return { iss: this.url, aud: this.audience, sub: SUBJECT, iat: now, exp: now + LIFE_S, jti: randomUUID(), ...more };
  }

  /** A genuine token. @param claims over good ones; undefined takes one away */
  sign(
    claims: Claims = {},
    { alg = 'RS256', header = {} }: { alg?: TestAlgorithm; header?: Claims } = {},
  ): Promise<string> {
    const { kid, privateKey } = this.pairs.get(alg)!;
    const whole = Object.fromEntries(Object.entries(this.claims(claims)).filter(([, value]) => value !== undefined));
    return new SignJWT(whole)
      .setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header } as JWTHeaderParameters)
      .sign(privateKey);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (this.isAway) return void req.socket.destroy();
    const url = new URL(req.url ?? '/', this.url);
    this.requests.set(url.pathname, (this.requests.get(url.pathname) ?? 0) + 1);
    const json = (status: number, value: unknown): void => {
      res
        .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
        .end(JSON.stringify(value));
    };
    const form = new URLSearchParams(req.method === 'POST' ? await bodyOf(req) : '');
    switch (url.pathname) {
      case '/.well-known/oauth-authorization-server':
      case '/.well-known/openid-configuration':
        return json(200, this.metadata());
      case '/jwks':
        return json(200, { keys: await this.keys() });
      case '/register':
        return json(201, {
          client_id: randomUUID(),
          redirect_uris: ['http://127.0.0.1/callback'],
          token_endpoint_auth_method: 'none',
        });
      case '/authorize':
        return this.authorize(url, res);
      case '/token':
        return this.exchange(form, json);
      case '/introspect':
        return json(200, this.introspect(req, form));
    }
    json(404, { error: 'not_found' });
  }

  private metadata(): Claims {
    return {
      issuer: this.url,
      jwks_uri: this.jwksUrl,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      registration_endpoint: `${this.url}/register`,
      introspection_endpoint: `${this.url}/introspect`,
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code'],
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['none'],
      authorization_response_iss_parameter_supported: true,
    };
  }

  private keys(): Promise<Claims[]> {
    return Promise.all(
      [...this.pairs].map(async ([alg, { kid, publicKey }]) => ({
        ...(await exportJWK(publicKey)),
        kid,
        alg,
        use: 'sig',
      })),
    );
  }

  /** Whoever asks is let in at once, with the scope he asked for. */
  private authorize({ searchParams }: URL, res: ServerResponse): void {
    const code = randomUUID();
    const resource = searchParams.get('resource');
    this.grants.set(code, {
      challenge: searchParams.get('code_challenge') ?? '',
      scope: searchParams.get('scope') ?? '',
      ...(resource !== null && { resource }),
    });
    const back = new URL(searchParams.get('redirect_uri')!);
    back.searchParams.set('code', code);
    back.searchParams.set('iss', this.url);
    const state = searchParams.get('state');
    if (state !== null) back.searchParams.set('state', state);
    res.writeHead(302, { location: back.href }).end();
  }

  private async exchange(form: URLSearchParams, json: (status: number, value: unknown) => void): Promise<void> {
    const code = form.get('code') ?? '';
    const grant = this.grants.get(code);
    this.grants.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (grant === undefined || grant.challenge !== challenge) return json(400, { error: 'invalid_grant' });
    const { scope, resource = this.audience } = grant;
    const token = await this.sign({ scope, aud: resource });
    json(200, { access_token: token, token_type: 'Bearer', expires_in: LIFE_S, scope });
  }

  private introspect({ headers }: IncomingMessage, form: URLSearchParams): Claims {
    const claims = this.opaque.get(form.get('token') ?? '');
    return headers.authorization?.startsWith('Basic ') && claims !== undefined
      ? { active: true, ...claims }
      : { active: false };
  }
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
