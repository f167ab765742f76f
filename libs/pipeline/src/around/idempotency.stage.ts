import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppLog } from '@app/logging';
import { HandOff, IDEMPOTENCY_KEY_META, InputRequired, principalKey, ServerError } from '@app/mcp';
import { KeyValueStore } from '@app/storage';
import { digestOf } from '../call/digest.js';
import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { AroundStage, type Next, type Step } from './around-stage.js';
import { type KeyedRecord, readRecord, recordOfFailure, recordOfSuccess, replay } from './keyed-record.js';

/** How long a key keeps its answer. */
const KEPT_MS = 24 * 60 * 60_000;
/** How long after its deadline a call may still be at work, before its end counts as unknown to other processes. */
const GRACE_MS = 5 * 60_000;
const RETRY_AFTER_MS = 1_000;

/**
 * Stage `idempotency`: calls that change something and carry the same key run once. The first to come runs; whoever
 * comes while it works is told so, whoever comes later gets the same answer. The record is closed when the work ends,
 * not when its caller was told; a call that was refused before its method began leaves none.
 */
@Injectable()
export class IdempotencyStage extends AroundStage {
  override readonly stage = 'idempotency';
  /** Keys whose work is under way in this process. */
  private readonly alive = new Set<string>();

  constructor(
    private readonly store: KeyValueStore,
    private readonly log: AppLog,
  ) {
    super();
  }

  override stepFor({ risk }: Subject): Step | undefined {
    if (risk === 'read') return undefined;
    return (call, next) => {
      if (call.meta[IDEMPOTENCY_KEY_META] === undefined) return next();
      call.enter('idempotency');
      const key = call.idempotencyKey;
      if (key !== undefined) return this.once(call, key, next);
      throw new ServerError('INVALID_ARGUMENT', 'An idempotency key is a text of 1 to 255 characters.');
    };
  }

  private async once(call: RunningCall, given: string, next: Next): Promise<unknown> {
    const { principal, subject } = call;
    const key = `idempotency:${hash('sha256', JSON.stringify([principalKey(principal), subject.kind, subject.name, given]))}`;
    const digest = digestOf(call.rawInput);
    const mine: KeyedRecord = { state: 'running', digest, until: Date.now() + call.remainingMs() + GRACE_MS };
    const text = JSON.stringify(mine);
    const found = await this.store.putIfAbsent(key, text, KEPT_MS);
    if (found !== undefined) return this.answer(call, readRecord(found), digest, key);
    this.alive.add(key);
    try {
      const result = await next();
      await this.close(key, text, recordOfSuccess(digest, result));
      return result;
    } catch (thrown) {
      if (call.outliving.length > 0) this.closeLater(call, key, text, digest);
      else if (call.methodRuns === 0 || thrown instanceof InputRequired || thrown instanceof HandOff)
        await this.forget(key, text);
      else await this.close(key, text, recordOfFailure(digest, thrown));
      throw thrown;
    }
  }

  private answer(call: RunningCall, found: KeyedRecord, digest: string, key: string): unknown {
    if (found.digest !== digest)
      throw new ServerError('IDEMPOTENCY_MISMATCH', 'This key was used for a call with other arguments.');
    if (found.state === 'running') {
      if (this.alive.has(key) || found.until > Date.now())
        throw new ServerError('IN_PROGRESS', 'A call with this key is still at work.', {
          retryAfterMs: RETRY_AFTER_MS,
        });
      throw new ServerError('CONFLICT', 'A call with this key began, and how it ended is unknown.', {
        hint: 'Look at what it should have changed before you call again with another key.',
      });
    }
    call.note('idempotency', 'replayed');
    return replay(found);
  }

  /** The attempt was given up, its work was not: what it comes to in the end is what the key answers. */
  private closeLater(call: RunningCall, key: string, text: string, digest: string): void {
    const last = call.outliving.at(-1)!;
    void last
      .then(
        (result) => recordOfSuccess(digest, result),
        (thrown: unknown) => recordOfFailure(digest, thrown),
      )
      .then((record) => this.close(key, text, record))
      .catch((err: unknown) => this.log.error('an idempotency record could not be closed', { err }));
  }

  /** A record that cannot be closed stays open: nothing is done twice because of it. */
  private async close(key: string, text: string, record: KeyedRecord): Promise<void> {
    try {
      await this.store.replace(key, text, JSON.stringify(record), KEPT_MS);
    } catch (err) {
      this.log.error('an idempotency record could not be closed', { err });
    }
    this.alive.delete(key);
  }

  private async forget(key: string, text: string): Promise<void> {
    try {
      await this.store.delete(key, text);
    } catch (err) {
      this.log.error('an idempotency record could not be removed', { err });
    }
    this.alive.delete(key);
  }
}
