import type { Identity } from './identity.js';

/** One way to prove an identity by a text that is shown. Others can be added without touching who asks. */
export abstract class TokenVerifier {
  /** Whether a text is of its kind, told from its form alone. */
  abstract accepts(token: string): boolean;
  /** @throws CredentialRefused; ServerError POLICY_UNAVAILABLE when it cannot be known */
  abstract verify(token: string): Promise<Identity>;
}
