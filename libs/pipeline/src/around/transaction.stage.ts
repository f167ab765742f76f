import { Injectable, Optional } from '@nestjs/common';
import type { ToolCall } from '@app/mcp';
import type { Subject } from '../call/subject.js';
import { InTransaction, type InTransactionOptions } from '../policies/in-transaction.policy.js';
import { AroundStage, type Step } from './around-stage.js';

/** Runs work in a transaction of a named connection. Bound by whoever owns the connections. */
export abstract class Transactions {
  /** @returns whether there is such a connection; looked at once, at boot. */
  abstract has(connection: string): boolean;
  /** Commits when `work` resolves, rolls back when it rejects or the call ends before. */
  abstract run<T>(options: InTransactionOptions, call: ToolCall, work: () => Promise<T>): Promise<T>;
}

/** Stage `transaction`. */
@Injectable()
export class TransactionStage extends AroundStage {
  override readonly stage = 'transaction';
  override readonly executes;

  constructor(@Optional() private readonly transactions?: Transactions) {
    super();
    this.executes = transactions === undefined ? [] : [InTransaction];
  }

  override problemsOf({ policies }: Subject): readonly string[] {
    const declared = policies.get(InTransaction);
    if (declared === undefined || this.transactions?.has(declared.connection) !== false) return [];
    return [`runs in a transaction of the connection ${declared.connection}, which does not exist`];
  }

  override stepFor({ policies }: Subject): Step | undefined {
    const options = policies.get(InTransaction);
    const { transactions } = this;
    if (options === undefined || transactions === undefined) return undefined;
    return (call, next) => {
      call.enter('transaction');
      return transactions.run(options, call, next);
    };
  }
}
