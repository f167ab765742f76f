import type { ProvenCaller } from './callers.js';

/** What a request brings along to say who makes it. */
export interface RequestProof {
  /** The header of that name, as it was sent. */
  readonly authorization?: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The other end of the connection, which may be a proxy. */
  readonly remoteAddress: string;
}

export type Verified =
  | { readonly kind: 'caller'; readonly caller: ProvenCaller }
  /** @property reason for the log, and never for the caller */
  | { readonly kind: 'refused'; readonly reason: string; readonly hadCredentials: boolean };

/** Says who makes a request. */
export abstract class CallerVerifier {
  /** A caller whose proof was found good before and still is; costs next to nothing. */
  abstract known(proof: RequestProof): ProvenCaller | undefined;
  /** @throws ServerError POLICY_UNAVAILABLE when it cannot be known */
  abstract verify(proof: RequestProof): Promise<Verified>;
  /** Where the request comes from, behind proxies that are trusted: what is counted for those who prove nobody. */
  abstract addressOf(proof: RequestProof): string;
}

/** Where no way to authenticate is configured, nobody can prove anything. */
export class NoVerifier extends CallerVerifier {
  override known(): undefined {
    return undefined;
  }
  override verify(): Promise<Verified> {
    return Promise.resolve({
      kind: 'refused',
      reason: 'nothing is configured to verify callers',
      hadCredentials: false,
    });
  }
  override addressOf({ remoteAddress }: RequestProof): string {
    return remoteAddress;
  }
}
