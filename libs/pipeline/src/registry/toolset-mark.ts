import { Reflector } from '@nestjs/core';

export interface ToolsetOptions {
  /** Name operators select it by. */
  readonly name: string;
  /** Scope family: `files` asks for `files:read` or `files:write` by the risk of the tool. */
  readonly scope: string;
  /** In the small selection called `core`. */
  readonly core?: boolean;
  /** Left out of the selection called `default`. */
  readonly optIn?: boolean;
}

/** What `@Toolset` leaves on a class for the explorer to find. */
export const ToolsetMark = Reflector.createDecorator<ToolsetOptions>();
