import { describe, expect, it } from '@jest/globals';
import { ProtocolError } from '@modelcontextprotocol/server';
import { ProtocolViolation, ServerError } from '@app/mcp';
import { InternalFailure } from './internal-failure.error.js';
import { asProtocol, toInvalidParams, toProtocolError } from './protocol-error.js';

const thrownBy = (thrown: unknown): Promise<unknown> =>
  asProtocol(() => Promise.reject(thrown as Error)).catch((error: unknown) => error);

describe('what leaves a handler', () => {
  it('is the result when there is one', async () => {
    expect(await asProtocol(async () => 7)).toBe(7);
  });

  it('is a violation as it is', async () => {
    const error = await thrownBy(new ProtocolViolation('Unknown tool', { name: 'x' }));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ code: -32602, message: 'Unknown tool', data: { name: 'x' } });
  });

  it('is an error of the protocol as it is', async () => {
    const error = new ProtocolError(-32021, 'Missing');
    expect(await thrownBy(error)).toBe(error);
  });

  it.each([new Error('secret'), new TypeError('secret'), 'secret', undefined])(
    'is nothing but the fact of a defect for %p',
    async (defect) => {
      const error = (await thrownBy(defect)) as InternalFailure;
      expect(error).toBeInstanceOf(InternalFailure);
      expect({ code: error.code, message: error.message, data: error.data, cause: error.cause }).toEqual({
        code: -32603,
        message: 'Internal error',
        data: undefined,
        cause: defect,
      });
    },
  );
});

describe('a request without the shape of its method', () => {
  it('is answered with where it is wrong', () => {
    const issues = [{ path: ['params', 'name'], message: 'expected string' }];
    const { code, message } = toInvalidParams('prompts/get', new Error(JSON.stringify(issues)));
    expect([code, message]).toEqual([-32602, 'Invalid params for prompts/get: params.name: expected string']);
  });

  it.each(['', 'not json', '{}', '[1]', '[{"message":"x"}]'])('is answered without a text nobody knows: %j', (text) => {
    expect(toInvalidParams('ping', new Error(text)).message).toBe(
      'Invalid params for ping: they do not have the shape of this method',
    );
  });
});

describe('a failure that is not of a tool', () => {
  it.each([
    ['NOT_FOUND', -32602],
    ['INVALID_ARGUMENT', -32602],
    ['OVERLOADED', -32603],
    ['INTERNAL', -32603],
  ] as const)('%s has the number %d', (code, number) => {
    const error = toProtocolError({
      kind: 'failure',
      callId: 'c',
      error: new ServerError(code, 'Why', { hint: 'Do' }),
    });
    expect(error).toMatchObject({ code: number, message: `${code}: Why`, data: { code, hint: 'Do', call_id: 'c' } });
  });
});
