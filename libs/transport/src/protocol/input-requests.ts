import {
  inputRequired,
  type InputRequiredResult,
  MissingRequiredClientCapabilityError,
} from '@modelcontextprotocol/server';
import type { InputRequest, InputRequests } from '@app/mcp';
import type { NeedsInput } from '@app/pipeline';

type WireRequest = NonNullable<InputRequiredResult['inputRequests']>[string];

/** Questions of a call in the protocol's words. */
export function renderNeedsInput({ requests }: NeedsInput, requestState: string): InputRequiredResult {
  const inputRequests = Object.fromEntries(
    Object.entries(requests).map(([key, request]) => [key, toWireQuestion(request)]),
  );
  return inputRequired({ inputRequests, requestState });
}

export function toWireQuestion(request: InputRequest): WireRequest {
  switch (request.kind) {
    case 'elicitation': {
      const { $schema: _dialect, additionalProperties: _strict, ...requestedSchema } = request.schema;
      return {
        method: 'elicitation/create',
        params: { mode: 'form', message: request.message, requestedSchema },
      } as WireRequest;
    }
    case 'sampling':
      return { method: 'sampling/createMessage', params: request.params } as WireRequest;
    case 'roots':
      return { method: 'roots/list' } as WireRequest;
  }
}

const NEEDED = {
  elicitation: { elicitation: { form: {} } },
  sampling: { sampling: {} },
  roots: { roots: {} },
} as const;

/** The error that tells a client which capabilities it would need; `undefined` where it has declared them all. */
export function undeclared(
  requests: InputRequests,
  askable: readonly InputRequest['kind'][],
): MissingRequiredClientCapabilityError | undefined {
  const missing = Object.values(requests).filter(({ kind }) => !askable.includes(kind));
  if (missing.length === 0) return undefined;
  const requiredCapabilities = Object.assign({}, ...missing.map(({ kind }) => NEEDED[kind])) as Record<string, object>;
  return new MissingRequiredClientCapabilityError({ requiredCapabilities });
}
