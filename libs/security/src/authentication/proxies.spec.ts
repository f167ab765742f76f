import { describe, expect, it } from '@jest/globals';
import { certificateIdentity } from './client-certificate.js';
import { ClientAddress } from './client-address.js';

describe('a certificate handed on by a proxy', () => {
  it.each([
    ['Hash=ab;URI=spiffe://acme/agent', 'spiffe://acme/agent'],
    ['By=spiffe://proxy;Hash=ab;Subject="CN=agent,O=Acme";URI=spiffe://acme/agent', 'spiffe://acme/agent'],
    ['Hash=ab;Subject="CN=agent,O=\\"Acme; Inc\\""', 'CN=agent,O="Acme; Inc"'],
    // The nearest proxy stands last; what came before it anybody could have sent.
    ['URI=spiffe://evil/root,Hash=ab;URI=spiffe://acme/agent', 'spiffe://acme/agent'],
    ['Subject="CN=a,URI=spiffe://evil/root";Hash=ab', 'CN=a,URI=spiffe://evil/root'],
    ['hash=ab;uri=spiffe://acme/agent;dns=a;dns=b', 'spiffe://acme/agent'],
  ])('%s', (header, subject) => {
    expect(certificateIdentity(header)).toMatchObject({ subject, method: 'client_certificate', scopes: [] });
  });

  it.each([
    '',
    'Hash=ab',
    'URI=',
    'URI=a;URI=b',
    'Subject="CN=a',
    'Subject="CN=a"x;URI=b',
    'URI=a,',
    'URI=a;',
    ',URI=a',
    'Evil=1;URI=a',
    'URI=a\u0000b',
    `URI=${'a'.repeat(300)}`,
    `URI=a;Cert=${'a'.repeat(20_000)}`,
  ])('%j names nobody', (header) => {
    expect(() => certificateIdentity(header)).toThrow(expect.objectContaining({ name: 'CredentialRefused' }));
  });
});

describe('the address of a client', () => {
  const behind = new ClientAddress(['10.0.0.0/8', 'fd00::/8']);
  const of = (remoteAddress: string, forwarded?: string): string =>
    behind.of({ remoteAddress, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } });

  it.each([
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['192.0.2.1', '198.51.100.7', '192.0.2.1'],
    ['10.1.2.3', undefined, '10.1.2.3'],
    ['10.1.2.3', '198.51.100.7', '198.51.100.7'],
    // Whatever stands further left was written by somebody we do not know.
    ['10.1.2.3', '1.1.1.1, 198.51.100.7', '198.51.100.7'],
    ['10.1.2.3', '1.1.1.1, 198.51.100.7, 10.9.9.9', '198.51.100.7'],
    ['10.1.2.3', '10.4.4.4, 10.5.5.5', '10.1.2.3'],
    ['::ffff:10.1.2.3', '198.51.100.7:4711', '198.51.100.7'],
    ['fd00::1', '[2001:db8::1]:443', '2001:db8::1'],
    ['10.1.2.3', 'unknown', '10.1.2.3'],
    ['10.1.2.3', '198.51.100.7, evil', '10.1.2.3'],
    ['10.1.2.3', '0x7f000001', '10.1.2.3'],
    ['10.1.2.3', '127.1', '10.1.2.3'],
    ['10.1.2.3', `${'1.1.1.1,'.repeat(10_000)}198.51.100.7`, '198.51.100.7'],
    ['', undefined, 'unknown'],
  ])('from %s with %j is %s', (remote, forwarded, address) => {
    expect(of(remote, forwarded)).toBe(address);
  });

  it('counts for all of the network that one owner of IPv6 has', () => {
    const keyOf = (remoteAddress: string): string => behind.keyOf({ remoteAddress, headers: {} });
    expect(keyOf('2001:db8:1:2:3:4:5:6')).toBe(keyOf('2001:db8:1:2:ffff::1'));
    expect(keyOf('2001:db8:1:3::1')).not.toBe(keyOf('2001:db8:1:2::1'));
    expect(keyOf('::ffff:192.0.2.1')).toBe(keyOf('192.0.2.1'));
  });
});
