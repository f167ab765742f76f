import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { errnoOf } from './fs-error.js';
import type { OpenDirectory } from './open-directory.js';
import { writeAll } from './write-all.js';

const MAX_NAME_BYTES = 255;
const RANDOM_BYTES = 12;
const PATTERN = /^\..*\.[0-9a-f]{24}\.tmp$/su;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
/** Answers of file systems that know no hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Whether a name is one that unfinished writes of this server leave behind when it is killed. */
export const isTemporaryName = (name: string): boolean => PATTERN.test(name);

/** `.<name>.<random>.tmp`, the name shortened where that would be too long for the file system. */
export function temporaryNameFor(name: string): string {
  const suffix = `.${randomBytes(RANDOM_BYTES).toString('hex')}.tmp`;
  let kept = name;
  while (Buffer.byteLength(kept) > MAX_NAME_BYTES - 1 - suffix.length) kept = Array.from(kept).slice(0, -1).join('');
  return `.${kept}${suffix}`;
}

/** Complete, synced content beside its destination that takes the destination's name in one step, or is removed. */
export class TemporaryFile implements AsyncDisposable {
  private published = false;

  private constructor(
    private readonly directory: OpenDirectory,
    private readonly name: string,
    private readonly handle: FileHandle,
  ) {}

  /** @param mode permission bits before the process's umask */
  static async write(directory: OpenDirectory, target: string, data: Uint8Array, mode: number): Promise<TemporaryFile> {
    const name = temporaryNameFor(target);
    const file = new TemporaryFile(directory, name, await open(directory.child(name), NEW_FILE, mode));
    try {
      await writeAll(file.handle, data);
      await file.handle.sync();
      const { size } = await file.handle.stat();
      if (size !== data.byteLength) throw new Error(`wrote ${data.byteLength} bytes and found ${size}`);
      return file;
    } catch (error) {
      await file[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Gives the new content owner and mode of what it replaces. Where the owner may not be kept, the set-id bits
   * are not either: they would then speak for someone else. Access lists and extended attributes are not kept.
   */
  async resemble(stats: Stats): Promise<void> {
    const own = await this.handle.stat();
    let keepsOwner = own.uid === stats.uid && own.gid === stats.gid;
    if (!keepsOwner) {
      keepsOwner = await this.handle.chown(stats.uid, stats.gid).then(
        () => true,
        () => false,
      );
    }
    await this.handle.chmod(stats.mode & (keepsOwner ? 0o7777 : 0o777));
    await this.handle.sync();
  }

  /** Takes the name, whatever has it now. */
  async replace(name: string): Promise<void> {
    await rename(this.directory.child(this.name), this.directory.child(name));
    this.published = true;
  }

  /** Takes the name if nothing has it. @throws EEXIST */
  async claim(name: string, data: Uint8Array): Promise<void> {
    try {
      await link(this.directory.child(this.name), this.directory.child(name));
    } catch (error) {
      if (!NO_LINKS.has(errnoOf(error) ?? '')) throw error;
      await this.copyTo(name, data);
    }
  }

  /** Without hard links the name is claimed first and filled after: exclusive, but not in one step. */
  private async copyTo(name: string, data: Uint8Array): Promise<void> {
    const path = this.directory.child(name);
    const handle = await open(path, NEW_FILE, 0o666);
    try {
      await writeAll(handle, data);
      await handle.sync();
    } catch (error) {
      await unlink(path);
      throw error;
    } finally {
      await handle.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.handle.close();
    if (this.published) return;
    await unlink(this.directory.child(this.name)).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
  }
}
