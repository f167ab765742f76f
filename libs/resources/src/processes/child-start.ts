import { type ChildProcess, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { ServerError } from '@app/mcp';
import type { ChildOptions } from './child.js';

/** The machine has no more files, processes or memory to give: later it may. */
const SPENT = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM']);

/**
 * Starts a child in a process group of its own, with both outputs as pipes.
 * @throws ServerError OVERLOADED where the machine has nothing left to start it with; Error with `code` ENOCWD where
 *   the folder is gone, else as the system has it: ENOENT, EACCES
 */
export async function startChild(options: ChildOptions) {
  try {
    const child = spawn(options.program, options.args, {
      cwd: options.cwd,
      env: { ...options.env },
      detached: true,
      stdio: [options.stdinFd ?? 'ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const { stdout, stderr } = child;
    // A child that could not be started has no id, and where files ran out no pipes either; the reason comes later.
    if (child.pid === undefined || stdout === null || stderr === null) throw await reasonOf(child);
    return Object.assign(child, { stdout, stderr });
  } catch (cause) {
    throw await explained(cause, options.cwd);
  }
}

const reasonOf = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => void child.once('error', resolve));

async function explained(cause: unknown, cwd: string): Promise<unknown> {
  if (SPENT.has((cause as { code?: string }).code ?? ''))
    return new ServerError('OVERLOADED', 'The machine has nothing left to start a program with.', {
      retryAfterMs: 1_000,
      cause,
    });
  // A missing folder is reported as a missing program, which sends its reader the wrong way.
  if ((await stat(cwd).catch(() => undefined)) === undefined)
    return Object.assign(new Error('the working folder of the child is gone', { cause }), { code: 'ENOCWD' });
  return cause;
}
