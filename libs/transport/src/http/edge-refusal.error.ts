/** A request that is refused before any call exists. */
export class EdgeRefusal extends Error {
  constructor(
    readonly status: 401 | 403 | 429 | 503,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
