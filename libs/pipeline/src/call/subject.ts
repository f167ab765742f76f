import type { z } from 'zod';
import type { Risk, ScopeAction } from '@app/mcp';
import type { Policies } from '../policies/policy.js';

/** What a call is about, as far as the stages need to know. */
export interface Subject {
  readonly kind: string;
  /** Unique within its kind. */
  readonly name: string;
  /** Tells a tool that was registered by code from one that had its name before. */
  readonly generation?: string;
  readonly risk: Risk;
  /** Scope family; absent where everybody may, e.g. for lists that are the same for all. */
  readonly scope?: string;
  /** Action within the family, where the risk does not tell it. */
  readonly action?: ScopeAction;
  readonly deadlineMs?: number;
  /** Running it twice is like running it once. */
  readonly isRepeatable: boolean;
  /** The method may ask the client. */
  readonly asksClient: boolean;
  readonly input?: z.ZodObject;
  readonly output?: z.ZodObject;
  readonly policies: Policies;
}
