import { ValidateBy } from 'class-validator';

/**
 * A URL of a store, `PROTOCOL://…`, with a host. Its user and password may be anything that can stand in a URL, and a
 * message never shows it.
 */
export const IsConnectionUrl = (...protocols: readonly string[]): PropertyDecorator =>
  ValidateBy({
    name: 'isConnectionUrl',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && fits(value, protocols),
      defaultMessage: () =>
        `expected a URL that begins with ${protocols.map((each) => `${each}://`).join(' or ')} and names a host`,
    },
  });

function fits(value: string, protocols: readonly string[]): boolean {
  if (!protocols.some((protocol) => value.startsWith(`${protocol}://`)) || !URL.canParse(value)) return false;
  const { hostname, searchParams } = new URL(value);
  // PostgreSQL takes the folder of a Unix socket as `?host=`.
  return hostname !== '' || searchParams.has('host');
}
