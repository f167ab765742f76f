import { ServerError } from '@app/mcp';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1_048_576;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Asks the issuer. Bounded in time and size, and not led elsewhere: an answer that redirects is none.
 * @throws ServerError POLICY_UNAVAILABLE
 */
export class IssuerClient {
  constructor(
    private readonly fetch: Fetch = (url, init) => globalThis.fetch(url, init),
    private readonly timeoutMs = TIMEOUT_MS,
  ) {}

  /** @returns undefined for 404 */
  async json(url: string, init: RequestInit = {}): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      const response = await this.fetch(url, {
        ...init,
        redirect: 'error',
        signal: AbortSignal.timeout(this.timeoutMs),
        headers: { accept: 'application/json', ...(init.headers as Record<string, string>) },
      });
      if (response.status !== 200) {
        // What is not read would keep its connection.
        await response.body?.cancel();
        if (response.status === 404) return undefined;
        throw new Error(`the issuer answered ${response.status}`);
      }
      const value: unknown = JSON.parse(await textOf(response));
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
      return value as Readonly<Record<string, unknown>>;
    } catch (cause) {
      throw new ServerError('POLICY_UNAVAILABLE', 'The issuer of tokens does not answer.', { cause });
    }
  }
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > MAX_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}
