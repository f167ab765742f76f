/** One parameter of an element: `for=192.0.2.1`, `for="[2001:db8::1]:80"`. */
const PAIR = /[ \t]*([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~:-]+))[ \t]*/y;

/**
 * The `for` of each element of a header `Forwarded` (RFC 7239), the nearest last; undefined for an element that names
 * none, or two. One that does not have the form of the header has a single hop, which could not be read: what would
 * be left of it could be read in more than one way.
 */
export function forwardedHops(header: string): readonly (string | undefined)[] {
  const hops: (string | undefined)[] = [];
  let named: string[] = [];
  for (let at = 0; ; at++) {
    PAIR.lastIndex = at;
    const [whole, name, quoted, plain] = PAIR.exec(header) ?? [];
    if (whole === undefined) return [undefined];
    if (name?.toLowerCase() === 'for') named.push(quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '');
    at += whole.length;
    if (at === header.length || header[at] === ',') {
      hops.push(named.length === 1 ? named[0] : undefined);
      named = [];
    } else if (header[at] !== ';') return [undefined];
    if (at === header.length) return hops;
  }
}
