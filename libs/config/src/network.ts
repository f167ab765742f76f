import { BlockList, isIP } from 'node:net';
import { ValidateBy, type ValidationOptions } from 'class-validator';

/** An address, or a network in the form `address/bits`. */
export const IsNetwork = (options?: ValidationOptions): PropertyDecorator =>
  ValidateBy(
    {
      name: 'isNetwork',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && addNetwork(new BlockList(), value),
        defaultMessage: () => 'expected addresses or networks, e.g. 10.0.0.0/8 or ::1',
      },
    },
    options,
  );

/** The addresses of all the networks, to ask for one. @throws RangeError for a text that is no network */
export function networksOf(texts: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const text of texts) if (!addNetwork(networks, text)) throw new RangeError('not a network');
  return networks;
}

function addNetwork(networks: BlockList, text: string): boolean {
  const [address, bits, ...more] = text.split('/');
  const version = isIP(address!);
  if (version === 0 || more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const longest = version === 4 ? 32 : 128;
  const length = bits === undefined ? longest : Number(bits);
  if (length > longest) return false;
  networks.addSubnet(address!, length, family);
  return true;
}
