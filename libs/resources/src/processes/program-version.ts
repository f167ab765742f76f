import { runChild } from './child.js';

const TIMEOUT_MS = 2_000;
const MAX_BYTES = 4_096;

/** The version a program tells with `--version`; undefined where it cannot be run or tells none. */
export async function programVersion(program: string): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    const { code } = await runChild({
      program,
      args: ['--version'],
      cwd: '/',
      timeoutMs: TIMEOUT_MS,
      maxStdoutBytes: MAX_BYTES,
      onStdout: (chunk) => chunks.push(chunk) > 0,
    });
    return code === 0 ? /\d+(?:\.\d+)+/.exec(Buffer.concat(chunks).toString('latin1'))?.[0] : undefined;
  } catch {
    return undefined;
  }
}
