import { hash, randomBytes, randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { createRequestStateCodec, type ServerContext } from '@modelcontextprotocol/server';
import { Limits } from '@app/config';
import { type CallState, type Principal, principalKey, ProtocolViolation } from '@app/mcp';

interface Sealed {
  readonly nonce: string;
  /** Digest of who asked for what: state of one call opens no other. */
  readonly call: string;
  readonly state: CallState;
}

/** What a state is bound to. */
export interface CallIdentity {
  readonly principal: Principal;
  readonly method: string;
  readonly name: string;
  readonly input: unknown;
}

const INVALID = 'Invalid or expired requestState';

/**
 * Signs what survives between the rounds of a call. The client holds it, so it is attacker input when it comes
 * back: signed with a key of this process, expiring, bound to caller and call, and good for one use.
 */
@Injectable()
export class RequestState {
  private readonly codec;
  /** Used states until they expire by themselves; monotonic ms. Insertion order is order of expiry. */
  private readonly used = new Map<string, number>();

  constructor(private readonly limits: Limits) {
    this.codec = createRequestStateCodec<Sealed>({ key: randomBytes(32), ttlSeconds: limits.requestStateTtlS });
  }

  seal(state: CallState, identity: CallIdentity): Promise<string> {
    return this.codec.mint({ nonce: randomUUID(), call: digestOf(identity), state });
  }

  /** Signature and expiry; the SDK calls it before the handler. */
  async verify(text: string, ctx: ServerContext): Promise<Sealed> {
    if (text.length > this.limits.requestStateChars) throw new Error('too long');
    return this.codec.verify(text, ctx);
  }

  /** Binding and single use. @throws ProtocolViolation */
  open(sealed: Sealed | undefined, identity: CallIdentity): CallState | undefined {
    if (sealed === undefined) return undefined;
    if (sealed.call !== digestOf(identity) || this.used.has(sealed.nonce))
      throw new ProtocolViolation(INVALID, { reason: 'invalid_request_state' });
    this.forgetExpired();
    if (this.used.size >= this.limits.requestStatesUsed)
      throw new ProtocolViolation('Too many questions were answered lately; try again later', undefined, -32603);
    this.used.set(sealed.nonce, performance.now() + this.limits.requestStateTtlS * 1_000);
    return sealed.state;
  }

  private forgetExpired(): void {
    const now = performance.now();
    for (const [nonce, expiresAt] of this.used) {
      if (expiresAt > now) return;
      this.used.delete(nonce);
    }
  }
}

const digestOf = ({ principal, method, name, input }: CallIdentity): string =>
  hash('sha256', JSON.stringify([principalKey(principal), method, name, input ?? null]));
