import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { type ChildOptions, runChild } from './child.js';

const SETPRIV = '/usr/bin/setpriv';
const WORDS = ['--pdeathsig', 'KILL', '--'] as const;

let found: Promise<readonly string[]> | undefined;

/**
 * The program and arguments to start instead of `program`, so that the kernel kills it when this process is gone,
 * however that ended: `setpriv` of util-linux, which sets the signal and then becomes the program. Where there is none
 * (not Linux, or a `setpriv` of another make that does not know the option) it is the program itself. Costs about
 * 1 ms per start. A program that is missing is then told by exit code 127, not by ENOENT.
 */
export async function leashed(
  program: string,
  args: readonly string[],
): Promise<Pick<ChildOptions, 'program' | 'args'>> {
  const [first, ...rest] = [...(await (found ??= find())), program, ...args];
  return { program: first!, args: rest };
}

async function find(): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [];
  try {
    await access(SETPRIV, constants.X_OK);
    const { code } = await runChild({
      program: SETPRIV,
      args: [...WORDS, SETPRIV, '--version'],
      cwd: '/',
      timeoutMs: 2_000,
      maxStdoutBytes: 4_096,
      onStdout: () => true,
    });
    return code === 0 ? [SETPRIV, ...WORDS] : [];
  } catch {
    // Tried again with the next program: this may have been a moment of too many open files.
    found = undefined;
    return [];
  }
}
