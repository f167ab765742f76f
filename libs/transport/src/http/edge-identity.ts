import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import { AuthSettings } from '@app/config';
import { AppLog } from '@app/logging';
import { type ErrorCode, type Principal, ServerError } from '@app/mcp';
import { CallRunner } from '@app/pipeline';
import { Callers, CallerVerifier, type RequestProof } from '@app/security';
import { AddressWatch } from './address-watch.js';
import { EdgeRefusal } from './edge-refusal.error.js';
import { ProtectedResource } from './protected-resource.js';

/**
 * Edge stage `authenticate`: who makes a request, before its body is read. An address from which too many come that
 * prove nobody is refused before anything is verified; a token that was found good before still passes.
 */
@Injectable()
export class EdgeIdentity {
  constructor(
    private readonly settings: AuthSettings,
    private readonly verifier: CallerVerifier,
    private readonly callers: Callers,
    private readonly watch: AddressWatch,
    private readonly runner: CallRunner,
    private readonly resource: ProtectedResource,
    private readonly log: AppLog,
  ) {}

  /**
   * @throws EdgeRefusal, also as a rejection, for whoever is not let in; ServerError POLICY_UNAVAILABLE when it cannot
   * be known who it is
   */
  identify(req: IncomingMessage): Principal | Promise<Principal> {
    // Without configured authentication only local callers get this far: config refuses to boot otherwise.
    if (!this.settings.isConfigured) return this.callers.local();
    const { headers, socket } = req;
    const proof = { authorization: headers.authorization, headers, remoteAddress: socket.remoteAddress ?? '' };
    const known = this.verifier.known(proof);
    if (known === undefined) return this.verify(proof);
    try {
      return this.callers.principalOf(known);
    } catch (error) {
      return this.refuse(error, this.verifier.addressOf(proof));
    }
  }

  /** Where a request comes from, as far as it can be believed. */
  addressOf({ headers, socket }: IncomingMessage): string {
    return this.verifier.addressOf({ headers, remoteAddress: socket.remoteAddress ?? '' });
  }

  private async verify(proof: RequestProof): Promise<Principal> {
    const address = this.verifier.addressOf(proof);
    try {
      this.watch.check(address);
      const verified = await this.verifier.verify(proof);
      if (verified.kind === 'caller') return this.callers.principalOf(verified.caller);
      this.log.debug('a caller was not let in', { reason: verified.reason, address });
      await this.watch.count(address);
      // Nothing of it depends on what was wrong with what was shown.
      throw new EdgeRefusal(401, 'UNAUTHENTICATED: no valid identity', {
        'www-authenticate': this.resource.unauthenticated(verified.hadCredentials),
      });
    } catch (error) {
      return this.refuse(error, address);
    }
  }

  /** Recorded under the address, for there is no caller; what is too much is summed up. */
  private async refuse(error: unknown, address: string): Promise<never> {
    const refusal =
      error instanceof ServerError && error.code === 'FORBIDDEN'
        ? new EdgeRefusal(403, `FORBIDDEN: ${error.message}`)
        : error;
    if (refusal instanceof EdgeRefusal) {
      const nobody: Principal = { subject: address, tenant: 'unauthenticated', scopes: [], actors: [] };
      const request = { kind: 'request', name: 'authenticate', risk: 'read', input: undefined } as const;
      await this.runner.recordRefusal(request, nobody, CODE_OF[refusal.status]);
    }
    throw refusal;
  }
}

const CODE_OF: Readonly<Record<EdgeRefusal['status'], ErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  429: 'RATE_LIMITED',
  503: 'OVERLOADED',
};
