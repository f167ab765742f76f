import { describe, expect, it } from '@jest/globals';
import { CODES, type ErrorCode, HandOff, InputRequired, ProtocolViolation, ServerError } from '@app/mcp';
import { isConnectionError, isDependencyFault, isPassing } from './faults.js';

const withCode = (error: Error, code: unknown): Error => Object.assign(error, { code });
const failed = (code: string): Error => withCode(new Error('the connection did not work'), code);
const fetchFailed = (code: string): Error => new TypeError('fetch failed', { cause: failed(code) });
/** What the driver of a database throws: its own class, with a code of five characters. */
const driverError = (): Error => withCode(new Error('deadlock detected'), '40P01');

type Row = [what: string, thrown: unknown, countsAgainstDependency: boolean, passesByItself: boolean];

/** Whatever a method can throw, and what it says of the dependency it was talking to. */
const ROWS: readonly Row[] = [
  // The other side does not work.
  ['a refused connection', failed('ECONNREFUSED'), true, true],
  ['a connection that was reset', failed('ECONNRESET'), true, true],
  ['a write to a closed connection', failed('EPIPE'), true, true],
  ['a host that does not answer', failed('EHOSTUNREACH'), true, true],
  ['a name that is not found', failed('ENOTFOUND'), true, true],
  ['a resolver that does not answer', failed('EAI_AGAIN'), true, true],
  ["the HTTP client's time-out for headers", failed('UND_ERR_HEADERS_TIMEOUT'), true, true],
  ['what fetch throws of a refused connection, a TypeError', fetchFailed('ECONNREFUSED'), true, true],
  ['a connection error that is no Error', { code: 'ECONNRESET' }, true, true],
  ["a driver's own error", driverError(), true, false],
  ['CONNECTION_FAILED', new ServerError('CONNECTION_FAILED', 'x'), true, true],
  ['TIMEOUT', new ServerError('TIMEOUT', 'x'), true, true],
  ['OVERLOADED', new ServerError('OVERLOADED', 'x'), true, true],
  ['TLS_ERROR', new ServerError('TLS_ERROR', 'x'), true, false],
  ['a TIMEOUT of a change, which must not be made twice', timeoutOfChange(), true, false],
  // The other side is well.
  ['RATE_LIMITED', new ServerError('RATE_LIMITED', 'x'), false, true],
  ['CIRCUIT_OPEN, which no call has reached', new ServerError('CIRCUIT_OPEN', 'x'), false, false],
  ['IN_PROGRESS', new ServerError('IN_PROGRESS', 'x'), false, false],
  // The caller is wrong or gone.
  ['NOT_FOUND', new ServerError('NOT_FOUND', 'x'), false, false],
  ['NOT_FOUND because of a refused connection', notFoundBecause(failed('ECONNREFUSED')), false, false],
  ['INVALID_ARGUMENT', new ServerError('INVALID_ARGUMENT', 'x'), false, false],
  ['UNAUTHENTICATED', new ServerError('UNAUTHENTICATED', 'x'), false, false],
  ['CANCELLED', new ServerError('CANCELLED', 'x'), false, false],
  ['a malformed request', new ProtocolViolation('Unknown tool'), false, false],
  // Nothing went wrong.
  ['a question to the client', new InputRequired({}, { answers: {} }), false, false],
  ['a call that becomes a task', new HandOff({ answers: {} }), false, false],
  // A mistake in code.
  ['INTERNAL', new ServerError('INTERNAL', 'x'), false, false],
  ['a TypeError', new TypeError('undefined is not a function'), false, false],
  ["a TypeError of Node's, which has a code", withCode(new TypeError('x'), 'ERR_INVALID_ARG_TYPE'), false, false],
  ['a RangeError', new RangeError('Maximum call stack size exceeded'), false, false],
  ['a ReferenceError', new ReferenceError('x is not defined'), false, false],
  ['a SyntaxError', new SyntaxError('Unexpected token'), false, false],
  ['an Error without a code', new Error('x'), false, false],
  ['an Error whose code is a number', withCode(new Error('x'), 11), false, false],
  ['a text', 'ECONNREFUSED', false, false],
  ['nothing', undefined, false, false],
  ['null', null, false, false],
  ['an object with a code nobody knows', { code: 'WHATEVER' }, false, false],
];

function timeoutOfChange(): ServerError {
  return new ServerError('TIMEOUT', 'x', { retryable: false });
}
function notFoundBecause(cause: Error): ServerError {
  return new ServerError('NOT_FOUND', 'x', { cause });
}

describe('what was thrown', () => {
  it.each(ROWS)('%s', (_what, thrown, countsAgainstDependency, passesByItself) => {
    expect({ counts: isDependencyFault(thrown), passes: isPassing(thrown) }).toEqual({
      counts: countsAgainstDependency,
      passes: passesByItself,
    });
  });

  it('counts against a dependency for the codes whose fault it is, and for no other', () => {
    const codes = Object.keys(CODES) as ErrorCode[];
    expect(codes.filter((code) => isDependencyFault(new ServerError(code, 'x'))).sort()).toEqual(
      codes.filter((code) => CODES[code].fault === 'dependency').sort(),
    );
  });

  it('passes by itself only where a caller is told that it may be retried', () => {
    for (const code of Object.keys(CODES) as ErrorCode[]) {
      expect([code, isPassing(new ServerError(code, 'x', { retryable: false }))]).toEqual([code, false]);
      if (isPassing(new ServerError(code, 'x'))) expect([code, CODES[code].retryable]).toEqual([code, true]);
    }
  });
});

describe('a connection error', () => {
  it('is one as the cause of what was thrown, but not deeper, and never as an error that was classified', () => {
    const refused = failed('ECONNREFUSED');
    expect(isConnectionError(refused)).toBe(true);
    expect(isConnectionError(new Error('query failed', { cause: refused }))).toBe(true);
    expect(isConnectionError(new Error('a', { cause: new Error('b', { cause: refused }) }))).toBe(false);
    expect(isConnectionError(new ServerError('CONFLICT', 'x', { cause: refused }))).toBe(false);
  });

  it('is none of a file system or of a process', () => {
    for (const code of ['ENOENT', 'EACCES', 'EMFILE', 'ENOSPC', 'ESRCH', 'ABORT_ERR'])
      expect([code, isConnectionError(failed(code))]).toEqual([code, false]);
  });
});
