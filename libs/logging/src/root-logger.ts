import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogSettings } from '@app/config';

export interface RootLogger {
  readonly logger: Logger;
  /**
   * Writes one record whatever the level is set to, in the form of every other line, without going through the redactor.
   * @throws Error while the stream fails or has no room: the record is lost then.
   */
  record(message: string, facts: object): void;
  /** Lines that could not be written so far. */
  droppedLines(): number;
  /** Writes out what is buffered, waits at most `timeoutMs`, then lets go of the stream: never blocks an exit. */
  close(timeoutMs: number): Promise<void>;
}

/** Authorization values and cookies never reach a line, whatever logs a request. */
const REDACTED = ['req.headers.authorization', 'req.headers.cookie', 'authorization', 'headers.authorization'];

/** The process's one logger. A stream that fails costs lines, counted, never a call. */
export function createRootLogger(settings: LogSettings, stream?: DestinationStream): RootLogger {
  let dropped = 0;
  const destination = stream ?? batchedStream(settings.stream === 'stderr' ? 2 : 1);
  let failing = false;
  if ('on' in destination) {
    const batched = destination as ReturnType<typeof pino.destination>;
    batched.on('drop', () => dropped++);
    batched.on('error', () => {
      dropped++;
      failing = true;
    });
    batched.on('write', () => (failing = false));
  }
  const out = settings.format === 'pretty' ? prettyStream(destination) : destination;
  const logger = pino(
    {
      level: settings.level,
      base: undefined,
      redact: REDACTED,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    out,
  );
  const record = (msg: string, facts: object): void => {
    const before = dropped;
    out.write(`${JSON.stringify({ level: 'info', time: new Date().toISOString(), msg, ...facts })}\n`);
    if (failing || dropped > before) throw new Error('the log cannot be written');
  };
  return { logger, record, droppedLines: () => dropped, close: (timeoutMs) => closeStream(destination, timeoutMs) };
}

/** Lines are written together: a system call for each would cost a call more than its work. A crash loses at most the last of them. */
const BATCH_BYTES = 65_536;
const BATCH_MS = 100;
/** What waits for a slow reader at most; lines beyond it are dropped and counted. */
const MAX_WAITING_BYTES = 4_194_304;
const batchedStream = (fd: number): DestinationStream =>
  pino.destination({
    fd,
    sync: false,
    minLength: BATCH_BYTES,
    maxWrite: 2 * BATCH_BYTES,
    maxLength: MAX_WAITING_BYTES,
    periodicFlush: BATCH_MS,
  });

/** One short line per record for a person at a terminal. */
function prettyStream(out: DestinationStream): DestinationStream {
  return {
    write(line: string): void {
      const { time, level, msg, ...facts } = JSON.parse(line) as Record<string, unknown>;
      const rest = Object.keys(facts).length === 0 ? '' : ` ${JSON.stringify(facts)}`;
      out.write(`${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)} ${String(msg ?? '')}${rest}\n`);
    },
  };
}

async function closeStream(stream: DestinationStream, timeoutMs: number): Promise<void> {
  const { flush, destroy } = stream as { flush?: (done: () => void) => void; destroy?: () => void };
  if (flush === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise<void>((done) => {
    timer = setTimeout(done, timeoutMs);
  });
  await Promise.race([new Promise<void>((done) => flush.call(stream, () => done())), waited]);
  clearTimeout(timer);
  destroy?.call(stream);
}
