import { CredentialRefused } from './credential-refused.error.js';
import type { Identity } from './identity.js';

const MAX_CHARS = 16_384;
/** `key=value` up to a semicolon; a value may be quoted, with escapes. */
const PAIR = /([A-Za-z]+)=(?:"((?:[^"\\]|\\.)*)"|([^",;]*))/y;
const KNOWN = new Set(['by', 'hash', 'cert', 'chain', 'subject', 'uri', 'dns']);
const SUBJECT = /^[^\p{Cc}\p{Cs}]{1,255}$/u;
const DEFAULT_TENANT = 'default';

/**
 * Who a proxy says has shown a certificate, in the form of `x-forwarded-client-cert`: one element for each proxy, the
 * nearest last. The caller is named by the URI of the certificate, else by its subject; what he may do is said by roles.
 * @throws CredentialRefused for what is not in this form to the letter
 */
export function certificateIdentity(header: string): Identity {
  const element = elementsOf(header).at(-1);
  const subject = single(element?.get('uri')) ?? single(element?.get('subject'));
  if (subject === undefined || !SUBJECT.test(subject)) throw new CredentialRefused('a certificate that names nobody');
  return { subject, tenant: DEFAULT_TENANT, scopes: [], roles: [], actors: [], method: 'client_certificate' };
}

type Element = Map<string, string[]>;

function elementsOf(header: string): Element[] {
  if (header.length > MAX_CHARS) throw new CredentialRefused('a certificate header that is too long');
  const elements: Element[] = [];
  let element: Element = new Map();
  for (let at = 0; ; at++) {
    PAIR.lastIndex = at;
    const found = PAIR.exec(header);
    const [whole, name, quoted, plain] = found ?? [];
    if (whole === undefined || name === undefined || !KNOWN.has(name.toLowerCase()))
      throw new CredentialRefused('a certificate header that cannot be read');
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '';
    const key = name.toLowerCase();
    element.set(key, [...(element.get(key) ?? []), value]);
    at += whole.length;
    if (at === header.length || header[at] === ',') {
      elements.push(element);
      element = new Map();
    } else if (header[at] !== ';') throw new CredentialRefused('a certificate header that cannot be read');
    if (at === header.length) return elements;
  }
}

/** Two of them could be two callers. */
function single(values: readonly string[] | undefined): string | undefined {
  if (values !== undefined && values.length > 1) throw new CredentialRefused('a certificate that names several');
  return values?.[0] === '' ? undefined : values?.[0];
}
