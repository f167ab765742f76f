import { inputRequired, type InputRequiredResult } from '@modelcontextprotocol/server';
import type { InputRequest } from '@app/mcp';
import type { NeedsInput } from '@app/pipeline';

type WireRequest = NonNullable<InputRequiredResult['inputRequests']>[string];

/** Questions of a call in the protocol's words. */
export function renderNeedsInput({ requests }: NeedsInput, requestState: string): InputRequiredResult {
  const inputRequests = Object.fromEntries(Object.entries(requests).map(([key, request]) => [key, toWire(request)]));
  return inputRequired({ inputRequests, requestState });
}

function toWire(request: InputRequest): WireRequest {
  switch (request.kind) {
    case 'elicitation': {
      const { $schema: _dialect, additionalProperties: _strict, ...requestedSchema } = request.schema;
      return { method: 'elicitation/create', params: { mode: 'form', message: request.message, requestedSchema } } as WireRequest;
    }
    case 'sampling':
      return { method: 'sampling/createMessage', params: request.params } as WireRequest;
    case 'roots':
      return { method: 'roots/list' } as WireRequest;
  }
}
