import type { Quota } from '@app/pipeline';

type Limit = Omit<Quota, 'name'> & { readonly name: Quota['name'] | 'address' };

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000));

/** The RateLimit header fields (IETF draft), and with nothing left the moment to come back. */
export const quotaHeaders = ({ name, limit, windowMs, remaining, resetAfterMs }: Limit): Record<string, string> => ({
  'ratelimit-policy': `"${name}";q=${limit};w=${seconds(windowMs)}`,
  ratelimit: `"${name}";r=${remaining};t=${seconds(resetAfterMs)}`,
  ...(remaining === 0 && { 'retry-after': `${seconds(resetAfterMs)}` }),
});
