import { readdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@app/resources';
import type { SignedHead } from '../chain/audit-head.js';

const END = '.head';

/**
 * The newest head of each instance of a folder, kept apart from the database: what had been stored and signed cannot be
 * taken back there without being missed here.
 */
export class AnchorFiles {
  constructor(private readonly folder: string) {}

  async write(head: SignedHead): Promise<void> {
    const path = join(this.folder, `${head.instance}${END}`);
    await writeFile(`${path}.tmp`, JSON.stringify(head), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }

  /** Unreadable ones are left out: their instance is judged by its heads in the database. */
  async read(): Promise<SignedHead[]> {
    const names = (await this.names()).filter((name) => name.endsWith(END));
    const heads = await Promise.all(names.map((name) => this.readOne(name)));
    return heads.filter((head) => head !== undefined);
  }

  async remove(instance: string): Promise<void> {
    await unlink(join(this.folder, `${instance}${END}`)).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error;
    });
  }

  private async names(): Promise<string[]> {
    try {
      return await readdir(this.folder);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  private async readOne(name: string): Promise<SignedHead | undefined> {
    try {
      const head = JSON.parse(await readFile(join(this.folder, name), 'utf8')) as Partial<SignedHead> | null;
      const isWhole =
        typeof head?.instance === 'string' && typeof head.hash === 'string' && Number.isSafeInteger(head.seq);
      return isWhole ? (head as SignedHead) : undefined;
    } catch {
      return undefined;
    }
  }
}
