import type { INestApplicationContext } from '@nestjs/common';
import { PolicySource, type ServerSettings } from '@app/config';
import type { AppLog, RootLogger } from '@app/logging';
import { CallMetrics } from '@app/metrics';
import { Readiness } from '@app/operations';
import { Admission } from '@app/pipeline';
import { LiveGroups } from '@app/resources';
import { type SecurityEvent, SecurityEvents } from '@app/security';

const LOG_FLUSH_MS = 500;
const CLOSE_MS = 2_000;

/** `refused`: what was asked for on the command line does not hold, or cannot be done now. */
export const EXIT = { done: 0, refused: 1, usage: 64, software: 70, configuration: 78 } as const;

/** Takes over the hang-ups, with one for those that came before. */
export type OnHangup = (act: () => void) => void;

/** From here on a hang-up does not end the process. Until somebody acts on them, it is only kept that there was one. */
export function catchHangups(): OnHangup {
  let missed = false;
  let act = (): void => void (missed = true);
  process.on('SIGHUP', () => act());
  return (given) => {
    act = given;
    if (missed) given();
  };
}

/** Stops taking connections; resolves when the last answer is out. */
export type StopListening = () => Promise<void>;

/**
 * The end of the process, in one place: drain on the first signal, give way to the second, and leave with a code
 * that says why.
 */
export class Lifecycle {
  private ending?: Promise<void>;

  constructor(
    private readonly app: INestApplicationContext,
    private readonly settings: ServerSettings,
    private readonly log: AppLog,
    private readonly root: RootLogger,
    private readonly stopListening: StopListening,
  ) {}

  install(onHangup: OnHangup): void {
    onHangup(() => void this.reload());
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.on(signal, () => {
        if (this.ending !== undefined) this.force(signal);
        else void this.end(EXIT.done, signal);
      });
    process.on('uncaughtException', (err) => this.fatal(err));
    process.on('unhandledRejection', (err) => this.fatal(err));
  }

  /** A bad file changes nothing: the operator sees why in the log, and the calls see the old policy. */
  private async reload(): Promise<void> {
    if (this.ending !== undefined) return;
    const policy = this.app.get(PolicySource);
    if (policy.file === undefined) {
      this.log.info('no policy file to reload; start with --config or CONFIG_FILE to have one');
      return;
    }
    const { changed, problems } = await policy.reload();
    if (problems.length > 0) this.log.warn('policy kept: the new file has problems', { problems });
    else this.log.info('policy reloaded', { changed });
    const operation = problems.length > 0 ? 'policy_refused' : 'policy_changed';
    if (changed || problems.length > 0) await this.tell({ operation, details: { problems } });
  }

  /** What happens to the server's own security. It has happened by now: what cannot be recorded is told to the log. */
  async tell(event: SecurityEvent): Promise<void> {
    try {
      await this.app.get(SecurityEvents).record({ ...event, policyVersion: this.app.get(PolicySource).version });
    } catch (err) {
      this.log.error('the audit sink failed', { err });
    }
  }

  /** An error outside of any call: nothing in here can be trusted for long. */
  private fatal(err: unknown): void {
    this.log.error('an error outside of any call; the server drains and exits', { err });
    this.app.get(CallMetrics).unhandledError();
    void this.end(EXIT.software, 'error');
  }

  end(code: number, reason: string): Promise<void> {
    this.ending ??= this.drain(code, reason);
    return this.ending;
  }

  private async drain(code: number, reason: string): Promise<void> {
    const { preStopMs, drainTimeoutMs, transport } = this.settings;
    this.log.info('draining', { reason });
    this.app.get(Readiness).markLeaving();
    const admission = this.app.get(Admission);
    if (transport === 'http' && preStopMs > 0) await wait(preStopMs);
    admission.drain();
    const idle = admission.whenIdle();
    if (!(await within(idle, drainTimeoutMs))) {
      this.log.warn('calls were cut off', { calls: admission.inFlight() });
      admission.cutOff();
      await within(idle, CLOSE_MS);
    }
    await within(this.stopListening(), CLOSE_MS);
    await within(this.app.close(), CLOSE_MS);
    this.log.info('stopped', { code });
    await this.root.close(LOG_FLUSH_MS);
    process.exit(code);
  }

  /** The second signal: die of it, as a process without handlers would. */
  private force(signal: NodeJS.Signals): void {
    LiveGroups.killAll();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Whether `work` ended in time; its failure counts as an end, for nobody is left to answer. */
async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((done) => {
    timer = setTimeout(() => done(false), ms);
  });
  const ended = work.then(
    () => true,
    () => true,
  );
  const inTime = await Promise.race([ended, late]);
  clearTimeout(timer);
  return inTime;
}
