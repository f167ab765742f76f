import { readApiKey } from './api-key.js';
import type { ApiKeys } from './api-keys.js';
import type { Identity } from './identity.js';
import { TokenVerifier } from './token-verifier.js';

/** Keys this server has given out. */
export class ApiKeyVerifier extends TokenVerifier {
  constructor(private readonly keys: ApiKeys) {
    super();
  }

  override accepts(token: string): boolean {
    return readApiKey(token) !== undefined;
  }

  override verify(token: string): Promise<Identity> {
    return this.keys.verify(token);
  }
}
