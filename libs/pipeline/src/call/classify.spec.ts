import {
  BadRequestException,
  ConflictException,
  ForbiddenException,
  HttpException,
  ImATeapotException,
  InternalServerErrorException,
  NotFoundException,
  PayloadTooLargeException,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { type ErrorCode, ServerError } from '@app/mcp';
import { classify } from './classify.js';

const GENERIC = 'The call failed inside the server.';
const HINT = 'Tell the operator the call id.';

describe('classify', () => {
  it('leaves an operational error as it is', () => {
    const error = new ServerError('CONFLICT', 'It was changed.', { hint: 'Read it again.', retryAfterMs: 5 });
    expect(classify(error)).toBe(error);
  });

  it.each<[HttpException, ErrorCode]>([
    [new BadRequestException('The colour is unknown.'), 'INVALID_ARGUMENT'],
    [new UnauthorizedException('Who are you?'), 'UNAUTHENTICATED'],
    [new ForbiddenException('Not you.'), 'FORBIDDEN'],
    [new NotFoundException('No such wall.'), 'NOT_FOUND'],
    [new ConflictException('It is wet.'), 'CONFLICT'],
    [new PayloadTooLargeException('Too much paint.'), 'LIMIT'],
    [new HttpException('Slower.', 429), 'RATE_LIMITED'],
    [new ServiceUnavailableException('The painter is ill.'), 'OVERLOADED'],
  ])("takes what an author's own guard or pipe throws at its word: %s", (thrown, code) => {
    expect(classify(thrown)).toMatchObject({ code, message: thrown.message, cause: thrown });
  });

  it.each<[HttpException]>([
    [new InternalServerErrorException('password=hunter2')],
    [new ImATeapotException('password=hunter2')],
    [new HttpException('password=hunter2', 502)],
  ])('tells nothing of a status that is no refusal: %s', (thrown) => {
    expect(classify(thrown)).toMatchObject({ code: 'INTERNAL', message: GENERIC, hint: HINT, cause: thrown });
  });

  it.each<[string, unknown]>([
    ['itself', Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:5432'), { code: 'ECONNREFUSED' })],
    ['its cause', new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) })],
  ])('names no address of a service that cannot be reached, told by %s', (_by, thrown) => {
    const error = classify(thrown);
    expect(error).toMatchObject({ code: 'CONNECTION_FAILED', retryable: true, cause: thrown });
    expect(error.message).toBe('A service this call needs could not be reached.');
    expect(error.hint).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['a TypeError', new TypeError("Cannot read properties of undefined (reading '/srv/secret')")],
    ['an Error', new Error('/srv/secret is not there')],
    ['an error of the file system that nobody has translated', Object.assign(new Error('x'), { code: 'ENOENT' })],
    ['an Error with the name of ours', Object.assign(new Error('x'), { name: 'ServerError', code: 'CONFLICT' })],
    ['a text', 'a secret'],
    ['a number', 7],
    ['nothing', undefined],
    ['null', null],
    ['a refused promise that was thrown', Promise.resolve('a secret')],
  ])('answers a defect with a generic text, and keeps it as the cause: %s', (_what, thrown) => {
    const error = classify(thrown);
    expect(error).toBeInstanceOf(ServerError);
    expect({ ...error, message: error.message }).toMatchObject({
      code: 'INTERNAL',
      retryable: false,
      message: GENERIC,
      hint: HINT,
    });
    expect(error.cause).toBe(thrown);
  });
});
