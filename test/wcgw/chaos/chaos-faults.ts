import { HttpException } from '@nestjs/common';
import { type ErrorCode, ServerError, type ToolCall } from '@app/mcp';
import { type Fault, faults } from '@app/testing';
import { OUTPUT_BYTES, type ToolPlan } from './tool-plans.js';

/** One for each way out, so that whatever leaks tells how. */
export const CANARIES = {
  result: 'canary-result-5b1f0c77',
  fallback: 'canary-fallback-93ad41e2',
  'error told to the caller': 'canary-told-c0ffee12',
  'error told to the log': 'canary-logged-7d0e55aa',
} as const;

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
const refuses = (code: ErrorCode, retryAfterMs?: number) => () =>
  new ServerError(code, `The fixture says ${code}.`, { retryAfterMs });
const connection = (code: string): Error => Object.assign(new Error(`read ${code}`), { code });

/** Everything a method can throw. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  NOT_FOUND: refuses('NOT_FOUND'),
  CONFLICT: refuses('CONFLICT'),
  LIMIT: refuses('LIMIT'),
  OVERLOADED: refuses('OVERLOADED', 5),
  CONNECTION_FAILED: refuses('CONNECTION_FAILED'),
  RATE_LIMITED: refuses('RATE_LIMITED', 10),
  TLS_ERROR: refuses('TLS_ERROR'),
  TIMEOUT: refuses('TIMEOUT'),
  'a TypeError': () => new TypeError('Cannot read properties of undefined'),
  'a RangeError': () => new RangeError('out of range'),
  'a lost connection': () => connection('ECONNRESET'),
  'a failed fetch': () => new TypeError('fetch failed', { cause: connection('UND_ERR_SOCKET') }),
  "a driver's error": () => connection('57P01'),
  'HTTP 404': () => new HttpException('No such thing', 404),
  'HTTP 409': () => new HttpException({ reason: 'changed' }, 409),
  'HTTP 418': () => new HttpException('A teapot', 418),
  'HTTP 503': () => new HttpException('Later', 503),
  'a text': () => 'not an error',
  null: () => null,
  undefined: () => undefined,
  'a frozen object': () => Object.freeze({ code: 17 }),
};

/** What no schema of these tools fits. What cannot be written as JSON has a test of its own. */
const GARBAGE: Readonly<Record<string, () => unknown>> = {
  nothing: () => undefined,
  null: () => null,
  'a number': () => 7,
  'a list': () => [1, 'two'],
  'another type': () => ({ text: 5 }),
  'another member': () => ({ texte: 'a' }),
  'a ring': () => {
    const ring: Record<string, unknown> = {};
    ring['again'] = ring;
    return ring;
  },
  'a promise that is none': () => ({
    // oxlint-disable-next-line unicorn/no-thenable
    then: (_done: unknown, failed: (error: unknown) => void) => failed(undefined),
  }),
};

type Make = (plan: ToolPlan, isFirstAttempt: boolean) => Fault;

const deaf =
  (end: (method: () => Promise<unknown>) => Promise<unknown>): Make =>
  ({ deadlineMs }) =>
  async (_call, method) => {
    await wait(deadlineMs * 1.5);
    return end(method);
  };
const always =
  (fault: Fault): Make =>
  () =>
    fault;
const thrower = (error: () => unknown): Make => always(faults.failForever(error));
const encoded = (how: BufferEncoding): string => Buffer.from(CANARIES.result).toString(how);

const REST: Readonly<Record<string, Make>> = {
  none: always((_call, method) => method()),
  hangs: always(faults.hang()),
  'deaf, then done': deaf((method) => method()),
  'deaf, then failed': deaf(() => Promise.reject(new Error('too late anyway'))),
  'deaf, then undefined': deaf(() => Promise.reject(undefined as unknown as Error)),
  'a little late': always(faults.answerLate(15)),
  'much later': ({ deadlineMs }) => faults.answerLate(deadlineMs * 0.8),
  'fails once': (_plan, isFirst) => faults.failTimes(isFirst ? 1 : 0, refuses('CONNECTION_FAILED')),
  'throws before it promises': always(() => {
    throw connection('ECONNREFUSED');
  }),
  'is too large': always(faults.overflow(OUTPUT_BYTES * 2)),
  'leaks a secret': always(faults.leakSecret(CANARIES.result)),
  'leaks it in base64': always(faults.leakSecret(encoded('base64'))),
  'leaks it in hex': always(faults.leakSecret(encoded('hex'))),
  'leaks in the text of an error': thrower(
    () => new ServerError('NOT_FOUND', `No ${CANARIES['error told to the caller']}.`),
  ),
  'leaks in an exception of Nest': thrower(() => new HttpException(`No ${CANARIES['error told to the caller']}.`, 404)),
  'leaks in the text of a defect': thrower(
    () => new Error(`password=${CANARIES['error told to the log']}`, { cause: connection('EACCES') }),
  ),
};

const MAKES: Readonly<Record<string, Make>> = {
  ...REST,
  ...Object.fromEntries(Object.entries(THROWN).map(([name, error]) => [`throws ${name}`, thrower(error)])),
  ...Object.fromEntries(Object.entries(GARBAGE).map(([name, make]) => [`returns ${name}`, always(async () => make())])),
};

const HEAVY: Readonly<Record<string, number>> = {
  none: 40,
  hangs: 4,
  'deaf, then done': 2,
  'a little late': 6,
  'much later': 2,
  'fails once': 4,
};

/** How often each fault comes, compared with the others. */
export const FAULT_WEIGHTS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.keys(MAKES).map((name) => [name, HEAVY[name] ?? 0.6]),
);

/** Goes wrong as it was decided. */
export function goWrong(
  name: string,
  plan: ToolPlan,
  isFirstAttempt: boolean,
  call: ToolCall,
  method: () => Promise<unknown>,
): Promise<unknown> {
  return MAKES[name]!(plan, isFirstAttempt)(call, method);
}
