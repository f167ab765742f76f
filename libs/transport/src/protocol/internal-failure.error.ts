import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';

/** A defect on the way to or from a call: the client learns only that there was one, the log gets the cause. */
export class InternalFailure extends ProtocolError {
  constructor(override readonly cause: unknown) {
    super(ProtocolErrorCode.InternalError, 'Internal error');
  }
}
