import { Injectable } from '@nestjs/common';
import { AuthSettings, ConfigurationError } from '@app/config';
import type { Principal } from '@app/mcp';
import { Callers, CallerVerifier, type RequestProof, type Verified } from '@app/security';

/** Every call of it is refused: what proved the caller does so no longer. */
const NOBODY: Principal = Object.freeze({ subject: '', tenant: '', scopes: [], actors: [] });

/** Who calls over stdio: whom AUTH_TOKEN proves, asked anew for every request, else the local caller. */
@Injectable()
export class StdioCaller {
  private readonly proof?: RequestProof;

  constructor(
    settings: AuthSettings,
    private readonly verifier: CallerVerifier,
    private readonly callers: Callers,
  ) {
    if (settings.token !== undefined)
      this.proof = { authorization: `Bearer ${settings.token}`, headers: {}, remoteAddress: '' };
  }

  /** At start. @throws ConfigurationError when the token proves nobody; ServerError when that cannot be known */
  async check(): Promise<void> {
    if (this.proof === undefined) return;
    const verified = await this.verifier.verify(this.proof);
    if (verified.kind === 'refused')
      throw new ConfigurationError(['AUTH_TOKEN: it is no valid token or key, so nobody could call']);
    this.callers.principalOf(verified.caller);
  }

  current(): Principal | Promise<Principal> {
    if (this.proof === undefined) return this.callers.local();
    const known = this.verifier.known(this.proof);
    return known === undefined
      ? this.verifier.verify(this.proof).then((each) => this.of(each))
      : this.callers.principalOf(known);
  }

  private of(verified: Verified): Principal {
    return verified.kind === 'caller' ? this.callers.principalOf(verified.caller) : NOBODY;
  }
}
