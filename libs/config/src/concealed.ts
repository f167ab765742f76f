import { inspect } from 'node:util';

/**
 * A class whose named fields nobody sees who prints, logs or serialises it; that they are set is shown. It stands on the
 * prototype, so that an object of the same fields is still one of the class's type.
 */
export const Concealed =
  <Field extends string>(...fields: readonly Field[]) =>
  <T extends object>(type: new () => T & { readonly [name in Field]?: unknown }): void => {
    function shown(this: object): Record<string, unknown> {
      const entries = Object.entries(this).map(([name, value]) =>
        (fields as readonly string[]).includes(name) && value !== undefined ? [name, '[set]'] : [name, value],
      );
      return Object.fromEntries(entries) as Record<string, unknown>;
    }
    for (const name of ['toJSON', inspect.custom]) Object.defineProperty(type.prototype, name, { value: shown });
  };
