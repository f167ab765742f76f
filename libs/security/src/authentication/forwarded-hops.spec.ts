import { describe, expect, it } from '@jest/globals';
import { ClientAddress } from './client-address.js';

type Headers = Record<string, string | readonly string[]>;
const addresses = new ClientAddress(['10.0.0.0/8', 'fd00::/8', '127.0.0.1']);
const of = (remoteAddress: string, headers: Headers = {}): string => addresses.of({ remoteAddress, headers });

describe('the address of a client behind a proxy that writes Forwarded', () => {
  it.each([
    ['for=203.0.113.5', '203.0.113.5'],
    ['for=1.1.1.1, for=203.0.113.5;proto=https;by=10.0.0.9, For=10.2.2.2', '203.0.113.5'],
    ['proto=https;for="[2001:db8::1]:4711"', '2001:db8::1'],
    ['for="203.0.113.5:80"', '203.0.113.5'],
    ['for=unknown', '10.0.0.1'],
    ['for=_hidden', '10.0.0.1'],
    ['for=203.0.113.5;for=1.1.1.1', '10.0.0.1'],
    ['for="a\\"b, for=1.1.1.1', '10.0.0.1'],
    ['for="1.1.1.1, for=203.0.113.5"', '10.0.0.1'],
    ['proto=https', '10.0.0.1'],
    ['203.0.113.5', '10.0.0.1'],
  ])('takes from Forwarded: %s', (forwarded, expected) => {
    expect(of('10.0.0.1', { forwarded })).toBe(expected);
  });
  it('takes neither of two headers that differ: one of them came from the client', () => {
    const both = (forwarded: string) => of('10.0.0.1', { 'x-forwarded-for': '203.0.113.5', forwarded });
    expect([both('for=203.0.113.5'), both('for=203.0.113.6'), both('x')]).toEqual([
      '203.0.113.5',
      '10.0.0.1',
      '10.0.0.1',
    ]);
  });
});
