import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerIdentity } from '@app/mcp';

/** The folder of the package: the nearest one above that holds this package's package.json. */
export const PACKAGE_ROOT = findPackageRoot(dirname(fileURLToPath(import.meta.url)));

function findPackageRoot(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    try {
      const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string };
      if (name === 'mcp-software-engineer') return folder;
    } catch {
      // No package.json here: look one folder up.
    }
    if (folder === dirname(folder))
      throw new Error('The package.json of mcp-software-engineer is missing above its own code');
  }
}

const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as { version: string };

export const IDENTITY: ServerIdentity = Object.freeze({
  name: 'mcp-software-engineer',
  title: 'MCP Software Engineer',
  version,
  instructions:
    'Work on the software repositories of this server. Paths are relative to a workspace and use forward slashes. ' +
    'workspace_info tells the workspaces and every limit. Reading returns a sha256; give it as if_match when changing ' +
    'that file. A failure starts with its code; its _meta says whether the same call can be retried.',
});
