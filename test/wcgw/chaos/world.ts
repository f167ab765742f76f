import type { EventEmitter } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext, runInThisContext } from 'node:vm';
import { HttpAdapterHost } from '@nestjs/core';
import { Admission } from '@app/pipeline';
import type { StagedServer } from '../staged-server.js';

/** A test framework may show tests a copy of it; the real one is where rejections arrive. */
const REAL_PROCESS = runInThisContext('process') as NodeJS.Process;

/** What a process holds that a call must not add to. */
export interface World {
  /** How many of each kind keep the event loop alive. */
  readonly resources: Readonly<Record<string, number>>;
  readonly listeners: Readonly<Record<string, number>>;
  /** Calls that somebody could still give up. */
  readonly open: number;
}

export function lookAround({ probe }: StagedServer): World {
  const resources: Record<string, number> = {};
  for (const kind of REAL_PROCESS.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const server = probe.get(HttpAdapterHost).httpAdapter.getHttpServer() as EventEmitter;
  const shared = {
    process: REAL_PROCESS as EventEmitter,
    server,
    stderr: REAL_PROCESS.stderr,
    stdout: REAL_PROCESS.stdout,
  };
  const listeners: Record<string, number> = {};
  for (const [name, emitter] of Object.entries<EventEmitter>(shared))
    for (const event of emitter.eventNames()) listeners[`${name} ${String(event)}`] = emitter.listenerCount(event);
  return { resources, listeners, open: probe.get(Admission).open.size };
}

const PATIENCE_MS = 10_000;
const LOOKS_ALIKE = 10;

/**
 * Waits until nothing changes any more: whatever loads a file while the tests are being read is none of the server's.
 * @returns what there is at rest
 */
export async function atRest(server: StagedServer): Promise<World> {
  const until = performance.now() + PATIENCE_MS;
  let last = lookAround(server);
  for (let alike = 0; alike < LOOKS_ALIKE && performance.now() < until;) {
    await new Promise((next) => setTimeout(next, 20));
    const now = lookAround(server);
    const isAtRest = now.resources['FSReqCallback'] === undefined && isSame(now, last);
    alike = isAtRest ? alike + 1 : 0;
    last = now;
  }
  return last;
}

/** Waits until it is as it was; sockets close a moment after their last byte. @returns what it came to */
export async function sameAgain(server: StagedServer, before: World): Promise<World> {
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const now = lookAround(server);
    if (isSame(now, before) || performance.now() > until) return now;
    await new Promise((next) => setTimeout(next, 20));
  }
}

const isSame = (one: World, other: World): boolean => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

const sorted = ({ resources, listeners, open }: World): unknown => [
  Object.entries(resources).toSorted(([a], [b]) => a.localeCompare(b)),
  Object.entries(listeners).toSorted(([a], [b]) => a.localeCompare(b)),
  open,
];

/** Rejections that nobody handled, from now until it is ended. */
export class RejectionWatch {
  readonly seen: unknown[] = [];
  private readonly note = (reason: unknown): void => void this.seen.push(reason);

  constructor() {
    REAL_PROCESS.on('unhandledRejection', this.note);
  }
  end(): void {
    REAL_PROCESS.off('unhandledRejection', this.note);
  }
}

let collect: (() => void) | undefined;

/** Bytes that are left after everything that can be collected was. */
export async function heapFloor(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  for (let pass = 0; pass < 2; pass++) {
    collect();
    await new Promise((next) => setImmediate(next));
  }
  return process.memoryUsage().heapUsed;
}

export function median(values: readonly number[]): number {
  const ascending = values.toSorted((a, b) => a - b);
  const middle = Math.floor(ascending.length / 2);
  return ascending.length % 2 === 1 ? ascending[middle]! : (ascending[middle - 1]! + ascending[middle]!) / 2;
}
