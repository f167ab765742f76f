import { IntrinsicException } from '@nestjs/common';
/** JSON-RPC codes the protocol assigns to malformed requests. */
export const INVALID_PARAMS = -32602;

/**
 * A request that is wrong as a protocol message (unknown tool, unknown resource, tampered state), as
 * opposed to a call that failed. Answered as a JSON-RPC error, never as a tool result.
 */
export class ProtocolViolation extends IntrinsicException {
  readonly code: number;
  readonly data?: Record<string, unknown>;

  constructor(message: string, data?: Record<string, unknown>, code = INVALID_PARAMS) {
    super(message);
    this.name = 'ProtocolViolation';
    this.code = code;
    this.data = data;
  }
}
