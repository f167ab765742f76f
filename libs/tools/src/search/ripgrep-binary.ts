import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';

/** Where the ripgrep of this installation is. */
@Injectable()
export class RipgrepBinary {
  private found?: Promise<string | undefined>;

  /** Absolute; undefined on a platform it does not exist for, or where its package is incomplete. */
  path(): Promise<string | undefined> {
    return (this.found ??= find());
  }
}

async function find(): Promise<string | undefined> {
  try {
    // The package throws while it is loaded where it has nothing for the platform.
    const { rgPath } = await import('@vscode/ripgrep');
    await access(rgPath, constants.X_OK);
    return rgPath;
  } catch {
    return undefined;
  }
}
