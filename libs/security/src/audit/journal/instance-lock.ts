import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@app/resources';

/** sun_path has 104 bytes on some systems, 108 on others, one of them for the end. */
const MAX_PATH_BYTES = 100;

/**
 * Says that an instance lives, by a socket beside its journal that takes connections as long as its process is there.
 * Unlike a process id it cannot be that of another process, it holds across containers that share the folder, and
 * the end of the process ends it, however it ended.
 */
export class InstanceLock {
  private constructor(
    private readonly server: Server,
    private readonly path: string,
  ) {}

  /** @throws Error where the file system of the folder has no sockets */
  static async take(folder: string, instance: string): Promise<InstanceLock> {
    const server = createServer((socket) => socket.destroy()).unref();
    const path = join(folder, socketName(instance));
    try {
      await withShortPath(folder, path, async (short) => {
        // In a cluster a socket is otherwise the primary's.
        server.listen({ path: short, exclusive: true });
        await once(server, 'listening');
      });
    } catch (cause) {
      throw new Error('The audit cannot lock its folder: the data folder must be on a file system with sockets.', {
        cause,
      });
    }
    return new InstanceLock(server, path);
  }

  /** Whether the process of an instance is there. In doubt it is. */
  static async isHeld(folder: string, instance: string): Promise<boolean> {
    const path = join(folder, socketName(instance));
    try {
      await withShortPath(folder, path, async (short) => {
        const socket = connect({ path: short }).on('error', () => undefined);
        try {
          await once(socket, 'connect');
        } finally {
          socket.destroy();
        }
      });
      return true;
    } catch (error) {
      return !['ENOENT', 'ECONNREFUSED'].includes(errnoOf(error) ?? '');
    }
  }

  /** Removes what a dead instance has left of its lock. */
  static async clear(folder: string, instance: string): Promise<void> {
    await unlink(join(folder, socketName(instance))).catch(ignoreMissing);
  }

  async release(): Promise<void> {
    this.server.close();
    await once(this.server, 'close');
    await unlink(this.path).catch(ignoreMissing);
  }
}

const socketName = (instance: string): string => `${instance}.sock`;

function ignoreMissing(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT') throw error;
}

/** A folder deep in the tree is reached through a handle on it, where the system can do that. */
async function withShortPath(folder: string, path: string, work: (path: string) => Promise<void>): Promise<void> {
  if (process.platform === 'win32') return work(`\\\\.\\pipe\\${path.replaceAll(/[^\w.-]/gu, '-')}`);
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES || process.platform !== 'linux') return work(path);
  await using handle = await open(folder, 'r');
  await work(`/proc/self/fd/${handle.fd}${path.slice(folder.length)}`);
}
