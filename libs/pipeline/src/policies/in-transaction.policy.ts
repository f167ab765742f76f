import { definePolicy } from './policy.js';

export interface InTransactionOptions {
  readonly connection: string;
  readonly mode: 'read' | 'write';
}

/** Runs the method in one transaction of a named connection: committed when it returns, rolled back when it throws. */
export const InTransaction = definePolicy<InTransactionOptions>('in_transaction');
