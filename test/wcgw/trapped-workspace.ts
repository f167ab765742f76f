import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Canary } from '../security/canary.js';
import { differences, snapshotOf, type TreeSnapshot } from '../security/tree-snapshot.js';

/**
 * A small workspace, with ways out of it and secrets outside. It tells what harm was done, and is as it was again
 * afterwards, so that no request is judged by what another one left behind.
 */
export class TrappedWorkspace {
  readonly base = realpathSync(mkdtempSync(join(tmpdir(), 'layers-')));
  readonly path = join(this.base, 'ws');
  private readonly canary = new Canary('OUTSIDE');
  private asMade: TreeSnapshot;

  constructor() {
    this.asMade = this.make();
  }

  /** What was changed, made or shown since it was made, in words; mends it. */
  harm(answer: string): string[] {
    const form = this.canary.foundIn(answer);
    const changed = this.changes();
    if (changed.length > 0) this.asMade = this.make();
    return [...(form === undefined ? [] : [`the secret is shown, ${form}`]), ...changed];
  }

  dispose(): void {
    remove(this.base);
  }

  private changes(): string[] {
    try {
      return differences(this.asMade, snapshotOf(this.base));
    } catch (error) {
      // Folders in folders, deeper than a path can tell.
      const { path = '', code } = error as NodeJS.ErrnoException;
      return [`${path.slice(0, 200)} cannot be looked at any more: ${code}`];
    }
  }

  private make(): TreeSnapshot {
    for (const folder of ['ws', 'outside', 'ws-evil']) remove(join(this.base, folder));
    const files: Record<string, string> = {
      'ws/a.txt': 'alpha\nword\ngamma\n',
      'ws/src/index.ts': 'export const word = 1;\n',
      'ws/.env': 'WORD=word\n',
      'ws/.git/HEAD': 'ref: refs/heads/main\n',
      'ws/.git/config': '[core]\n\trepositoryformatversion = 0\n',
      'outside/secret.txt': `word ${this.canary.text}\n`,
      'ws-evil/secret.txt': `word ${this.canary.text}\n`,
    };
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.base, path)), { recursive: true });
      writeFileSync(join(this.base, path), content);
    }
    const links = { link: '../outside/secret.txt', dir: join(this.base, 'outside'), dangling: '../outside/new.txt' };
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(this.path, name));
    return snapshotOf(this.base);
  }
}

/** Also what lies deeper than a path can tell, which Node does not remove. */
const remove = (folder: string): unknown => execFileSync('rm', ['-rf', folder]);
