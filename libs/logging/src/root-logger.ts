import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogSettings } from '@app/config';
import { LogRedaction } from './redaction/log-redaction.js';
import { neutralise } from './redaction/neutralise.js';

export interface RootLogger {
  readonly logger: Logger;
  /**
   * Writes one record whatever the level is set to, in the form of every other line. Secrets are taken out of it, who
   * did something is not.
   * @param members the JSON members of the record, without braces
   * @param isUrgent hands it to the stream before this returns
   * @throws Error while the stream fails or has no room: the record may be lost then.
   */
  record(members: string, isUrgent: boolean): void;
  /** From here on every text and every line passes this too, e.g. to take out secrets whose values are known. */
  redactBy(redact: (text: string) => string): void;
  /** Lines that could not be written so far. */
  droppedLines(): number;
  /** Writes out what is buffered, waits at most `timeoutMs`, then lets go of the stream: never blocks an exit. */
  close(timeoutMs: number): Promise<void>;
}

let lastMs = 0;
let lastIso = '';
/** The time as text; many records share a millisecond. */
function isoNow(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastIso = new Date(now).toISOString();
  }
  return lastIso;
}

/** Authorization values and cookies never reach a line, whatever else of a line's redaction is changed. */
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
  const redaction = new LogRedaction();
  const end = settings.format === 'pretty' ? prettyStream(destination) : destination;
  const out: DestinationStream = { write: (lines) => end.write(redaction.lines(lines)) };
  const logger = pino(
    {
      level: settings.level,
      base: undefined,
      redact: REDACTED,
      hooks: {
        logMethod(args, method) {
          method.apply(this, redaction.args(args) as Parameters<typeof method>);
        },
      },
      // It is told as a plain value by then.
      serializers: { err: (err: unknown) => err },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    out,
  );
  // Lines of one turn of the event loop are handed over together: the stream counts bytes at every hand-over.
  let gathered = '';
  const handOver = (): void => {
    const lines = gathered;
    gathered = '';
    const before = dropped;
    if (lines !== '') end.write(redaction.records(lines));
    if (dropped > before) failing = true;
  };
  const record = (members: string, isUrgent: boolean): void => {
    if (gathered === '' && !isUrgent) setImmediate(handOver);
    gathered += `{"level":"info","time":"${isoNow()}",${members}}\n`;
    if (isUrgent) handOver();
    if (failing) throw new Error('the log cannot be written');
  };
  return {
    logger,
    record,
    redactBy: (redact) => redaction.alsoBy(redact),
    droppedLines: () => dropped,
    close: (timeoutMs) => (handOver(), closeStream(destination, timeoutMs)),
  };
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
    write(lines: string): void {
      for (const line of lines.split('\n')) if (line !== '') prettyLine(line, out);
    },
  };
}

function prettyLine(line: string, out: DestinationStream): void {
  const { time, level, msg, ...facts } = parsed(line);
  const rest = Object.keys(facts).length === 0 ? '' : ` ${JSON.stringify(facts)}`;
  const text = `${String(time).slice(11, 23)} ${String(level).toUpperCase().padEnd(5)} ${String(msg ?? '')}${rest}`;
  out.write(`${neutralise(text)}\n`);
}

/** What is no JSON is a message all the same. */
function parsed(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return { time: new Date().toISOString(), level: 'info', msg: line };
  }
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
