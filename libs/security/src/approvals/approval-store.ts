/** What is to be approved: exactly this call of exactly this caller. */
export interface Plan {
  /** `principalKey` of the caller. */
  readonly caller: string;
  readonly operation: string;
  /** Digest of the arguments without the confirmation. */
  readonly digest: string;
}

/** Keeps plans between the call that proposed one and the call that confirms it. */
export abstract class ApprovalStore {
  /** @returns the id to confirm with: works once, for the same plan only, and not for long. */
  abstract propose(plan: Plan): string | Promise<string>;
  /** @returns whether the id was given for this very plan, is still valid and was not used; it is used up then. */
  abstract redeem(id: string, plan: Plan): boolean | Promise<boolean>;
  /** Gives a plan back that was redeemed for a call in which nothing was done. */
  abstract giveBack(id: string, plan: Plan): void | Promise<void>;
}
