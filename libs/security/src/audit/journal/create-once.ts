import { randomBytes } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from '@app/resources';

/** Makes a private file with all of its content in one step, unless it is there already. */
export async function createOnce(path: string, content: () => string): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`;
  if (await isThere(path)) return;
  try {
    await using file = await open(temporary, 'wx', 0o600);
    await file.writeFile(content());
    await file.sync();
    await link(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
}

/** Makes the names in a folder as durable as the files. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}

async function isThere(path: string): Promise<boolean> {
  try {
    await using _file = await open(path, 'r');
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
