/** What a terminal would act on, or not show: callers choose some of what is printed. A tab stands between members. */
const UNSEEN = /[^\P{Cc}\t]|[\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A line that shows everything that is in it; as JSON it still says the same. */
export const visible = (line: string): string =>
  line.replace(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_, index) => escaped(character.charCodeAt(index))).join(''),
  );

const escaped = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;

/** One thing on one line: as JSON, or its members with tabs between. */
export function shown(thing: object, json: boolean): string {
  if (json) return JSON.stringify(thing);
  return Object.entries(thing)
    .map(([name, value]) => `${name}=${memberText(name, value)}`)
    .join('\t');
}

function memberText(name: string, value: unknown): string {
  if (name.endsWith('At') && typeof value === 'number') return new Date(value).toISOString();
  return typeof value === 'string' ? value.replaceAll('\t', '\\t') : JSON.stringify(value);
}
