import type { BlockList } from 'node:net';
import ipaddr from 'ipaddr.js';
import { LRUCache } from 'lru-cache';
import { networksOf } from '@app/config';
import type { RequestProof } from '../access/caller-verifier.js';
import { forwardedHops } from './forwarded-hops.js';

const MAX_HOPS = 32;
/** What one owner of IPv6 addresses has at least. */
const OWNED_BITS = 64;
const UNKNOWN = 'unknown';

/** Where requests come from, as far as it can be believed. */
export class ClientAddress {
  private readonly trusted: BlockList;
  /** Keys of addresses that are no proxies of ours: one connection brings many requests. */
  private readonly strangers = new LRUCache<string, string>({ max: 1_000 });

  /** @param trustedProxies addresses and networks */
  constructor(trustedProxies: readonly string[]) {
    this.trusted = networksOf(trustedProxies);
  }

  isTrusted(address: string): boolean {
    const plain = parse(address);
    return plain !== undefined && this.trusted.check(plain.toString(), plain.kind());
  }

  /** The nearest hop that is not one of our proxies. Headers of anybody else are not looked at. */
  of({ remoteAddress, headers }: Pick<RequestProof, 'remoteAddress' | 'headers'>): string {
    if (!this.isTrusted(remoteAddress)) return normal(remoteAddress);
    const found: (string | undefined)[] = [];
    const plain = textOf(headers['x-forwarded-for']);
    if (plain !== undefined) found.push(this.nearest(plain.split(',').map((hop) => hop.trim())));
    const forwarded = textOf(headers['forwarded']);
    if (forwarded !== undefined) found.push(this.nearest(forwardedHops(forwarded)));
    // A proxy writes one of the two headers and hands on the other as the client sent it.
    const [address] = found;
    return address !== undefined && found.every((each) => each === address) ? address : normal(remoteAddress);
  }

  /** @param hops the nearest last; one that could not be read is undefined */
  private nearest(hops: readonly (string | undefined)[]): string | undefined {
    for (const hop of hops.slice(-MAX_HOPS).reverse()) {
      const address = hop && addressIn(hop);
      // What one of our proxies has not understood was not written by it.
      if (address === undefined || address === '') return undefined;
      if (!this.isTrusted(address)) return address;
    }
    return undefined;
  }

  /** What is counted for an address: itself, and of IPv6 all that somebody has who has it. */
  keyOf(proof: Pick<RequestProof, 'remoteAddress' | 'headers'>): string {
    const { remoteAddress } = proof;
    const known = this.strangers.get(remoteAddress);
    if (known !== undefined) return known;
    const key = ClientAddress.networkOf(this.of(proof));
    // Of a proxy it depends on what it says.
    if (!this.isTrusted(remoteAddress)) this.strangers.set(remoteAddress, key);
    return key;
  }

  private static networkOf(address: string): string {
    const plain = parse(address);
    if (plain?.kind() !== 'ipv6') return address;
    const network = ipaddr.IPv6.networkAddressFromCIDR(`${plain.toString()}/${OWNED_BITS}`);
    return `${network.toString()}/${OWNED_BITS}`;
  }
}

function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // Only what is written like an address in full: 127.1 or 0x7f000001 would be one, too.
  if (!/^[\d.]+$|:/.test(address) || !ipaddr.isValid(address)) return undefined;
  if (!address.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(address)) return undefined;
  return ipaddr.process(address);
}

/** @returns undefined for a header that was not sent, or sent empty */
function textOf(given: string | readonly string[] | undefined): string | undefined {
  const text = typeof given === 'string' ? given : given?.join(',');
  return text === '' ? undefined : text;
}

/** IPv4 within IPv6 is IPv4. */
const normal = (address: string): string => parse(address)?.toString() ?? UNKNOWN;

/** An address with or without port and brackets. */
function addressIn(hop: string): string | undefined {
  const inner = /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
  return parse(inner)?.toString();
}
