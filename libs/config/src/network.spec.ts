import { describe, expect, it } from '@jest/globals';
import { validateSync } from 'class-validator';
import { IsNetwork, networksOf } from './network.js';

class Given {
  @IsNetwork({ each: true })
  networks: unknown[] = [];
}
const fits = (...networks: unknown[]): boolean => validateSync(Object.assign(new Given(), { networks })).length === 0;

describe('a network', () => {
  it.each([
    '10.0.0.0/8',
    '192.168.1.7',
    '0.0.0.0/0',
    '10.0.0.1/32',
    '::1',
    'fd00::/8',
    '::/0',
    '::ffff:10.0.0.1',
    '2001:db8::/128',
  ])('may be %s', (text) => {
    expect([fits(text), networksOf([text]).rules.length]).toEqual([true, 1]);
  });

  it.each<unknown>([
    '',
    'x',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/8 ',
    ' 10.0.0.1',
    '010.0.0.1',
    '10.0.0.0/0x8',
    '10.0.0.0/1e1',
    '256.0.0.1',
    '::1/129',
    ':::',
    '[::1]',
    'localhost',
    '10.0.0.1:80',
    '10.0.0.0/255.0.0.0',
    5,
    null,
  ])('is not %j', (given) => {
    expect(fits(given)).toBe(false);
    if (typeof given === 'string') expect(() => networksOf([given])).toThrow(RangeError);
  });

  it('is told by what was expected, without the value', () => {
    const [error] = validateSync(Object.assign(new Given(), { networks: ['::1', 'hunter2'] }));
    expect(Object.values(error!.constraints!)).toEqual(['expected addresses or networks, e.g. 10.0.0.0/8 or ::1']);
  });

  it('holds its addresses, the first and the last, and no others', () => {
    const networks = networksOf(['10.1.0.0/16', 'fd00::/8', '192.0.2.7']);
    const holds = (address: string): boolean => networks.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
    expect(['10.1.0.0', '10.1.255.255', 'fd00::', 'fdff:ffff::1', '192.0.2.7'].filter((each) => !holds(each))).toEqual(
      [],
    );
    expect(['10.0.255.255', '10.2.0.0', 'fc00::1', 'fe00::', '192.0.2.6', '192.0.2.8'].filter(holds)).toEqual([]);
    // An IPv4 address in the form of IPv6 is that address.
    expect([holds('::ffff:10.1.2.3'), holds('::ffff:10.2.2.3')]).toEqual([true, false]);
    expect(networksOf([]).check('127.0.0.1')).toBe(false);
  });
});
