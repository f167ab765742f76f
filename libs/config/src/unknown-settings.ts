import type { Source } from './environment-values.js';
import { nearestName } from './policy/nearest-name.js';

/** Names that only this server reads: another one of the family is a slip. */
const OURS = /^(?:AUTH|RATE_LIMIT|AUDIT)_/;
/** A slip in one of these leaves the server open. */
const CRITICAL = /^AUTH_/;
/** What Kubernetes tells every container of the services beside it: AUTH_SERVICE_HOST, AUTH_PORT_80_TCP_ADDR … */
const SERVICE_LINK =
  /_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
/** Families that belong to others too: `LOG_`, `DATA_`, `REDIS_` … count only when the name is nearly one of ours. */
const FOREIGN = new Set(['NODE', 'HOST', 'PORT']);

export interface UnknownSettings {
  /** The server must not start with these. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Variables that look like settings of this server, and are none. Values are not looked at. */
export function findUnknownSettings(source: Source, known: readonly string[]): UnknownSettings {
  const families = new Set(known.map(familyOf).filter((family) => !FOREIGN.has(family)));
  const names = new Set(known);
  const found = Object.keys(source).flatMap((given) => {
    const name = given.endsWith('_FILE') && !names.has(given) ? given.slice(0, -'_FILE'.length) : given;
    if (names.has(name) || source[given] === undefined || SERVICE_LINK.test(given)) return [];
    if (!given.includes('_') || !(OURS.test(given) || families.has(familyOf(given)))) return [];
    const nearest = nearestName(name, known);
    if (nearest === undefined && !OURS.test(given)) return [];
    const suffix = name === given ? '' : '_FILE';
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}${suffix}?`;
    return [{ isCritical: CRITICAL.test(given), text: `${given}: there is no such setting${hint}` }];
  });
  const texts = (isCritical: boolean): string[] =>
    found.filter((each) => each.isCritical === isCritical).map(({ text }) => text);
  return { problems: texts(true), warnings: texts(false) };
}

/** The first word of a name. */
const familyOf = (name: string): string => name.split('_', 1)[0]!;
