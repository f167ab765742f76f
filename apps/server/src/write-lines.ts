import type { Writable } from 'node:stream';

/**
 * Writes lines one by one, no faster than they are taken. Whoever reads them may leave, e.g. `head`: then no more are
 * made, and it is no failure.
 * @throws Error when they cannot be written for another reason, e.g. a full disk
 */
export async function writeLines(lines: AsyncIterable<string> | Iterable<string>, out: Writable): Promise<void> {
  for await (const line of lines) {
    const problem = await new Promise<NodeJS.ErrnoException | null | undefined>((done) => {
      // Told by the callback too; without somebody who hears it, it would end the process.
      out.once('error', done);
      out.write(`${line}\n`, (error) => {
        if (error) return done(error);
        out.removeListener('error', done);
        done(undefined);
      });
    });
    if (problem?.code === 'EPIPE' || problem?.code === 'ERR_STREAM_DESTROYED') return;
    if (problem) throw problem;
  }
}
