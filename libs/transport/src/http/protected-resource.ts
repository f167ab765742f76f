import { Injectable } from '@nestjs/common';
import { AuthSettings } from '@app/config';
import { ServerIdentity } from '@app/mcp';
import { OperationRegistry } from '@app/pipeline';

export const METADATA_PATH = '/.well-known/oauth-protected-resource';
/** Where the endpoint is, as this server sees it; behind a gateway its name may have a longer path. */
const ENDPOINT_PATH = '/mcp';

/** RFC 9728, as far as this server has something to say. */
export interface ResourceMetadata {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly scopes_supported: readonly string[];
  readonly bearer_methods_supported: readonly ['header'];
  readonly resource_name: string;
}

/**
 * This server as an OAuth protected resource. Its name comes from the configuration and never from a request: a
 * header could name anybody.
 */
@Injectable()
export class ProtectedResource {
  constructor(
    private readonly auth: AuthSettings,
    private readonly registry: OperationRegistry,
    private readonly identity: ServerIdentity,
  ) {}

  /** @returns undefined where tokens of an issuer are not accepted */
  metadata(): ResourceMetadata | undefined {
    const { issuer, acceptsTokens } = this.auth;
    const resource = this.name;
    if (!acceptsTokens || issuer === undefined || resource === undefined) return undefined;
    return {
      resource,
      authorization_servers: [issuer],
      scopes_supported: this.readingScopes(),
      bearer_methods_supported: ['header'],
      resource_name: this.identity.title,
    };
  }

  /** Paths under which the metadata is found. */
  knows(path: string): boolean {
    const name = this.name;
    return [METADATA_PATH, METADATA_PATH + ENDPOINT_PATH, name && METADATA_PATH + new URL(name).pathname].includes(
      path,
    );
  }

  /** Value of `WWW-Authenticate` for a request whose caller is not known. */
  unauthenticated(hadCredentials: boolean): string {
    return this.challenge([
      ...(hadCredentials ? [['error', 'invalid_token'] as const] : []),
      ['scope', this.readingScopes().join(' ')],
    ]);
  }

  /** Value of `WWW-Authenticate` for a caller who lacks a scope. @param scopes all that the request needs */
  insufficientScope(scopes: readonly string[]): string {
    return this.challenge([
      ['error', 'insufficient_scope'],
      ['scope', scopes.join(' ')],
    ]);
  }

  private challenge(parameters: readonly (readonly [string, string])[]): string {
    const name = this.name;
    if (!this.auth.acceptsTokens || name === undefined) return 'Bearer realm="mcp"';
    const { origin, pathname } = new URL(name);
    const all = [...parameters, ['resource_metadata', `${origin}${METADATA_PATH}${pathname}`] as const];
    return `Bearer ${all.map(([key, value]) => `${key}="${value}"`).join(', ')}`;
  }

  /** The least a client can ask for to begin with. */
  private readingScopes(): string[] {
    const families = [...this.registry.tools(), ...this.registry.resources()].map(({ scope }) => scope);
    return [...new Set(families)].sort().map((family) => `${family}:read`);
  }

  private get name(): string | undefined {
    const { resource, audience } = this.auth;
    return resource ?? audience.find((each) => /^https?:\/\//.test(each) && URL.canParse(each));
  }
}
