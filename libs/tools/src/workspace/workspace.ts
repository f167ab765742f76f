import type { FileTree } from '@app/resources';
import type { PathRules } from '@app/security';

/** One root the tools work in. */
export interface Workspace {
  readonly name: string;
  readonly tree: FileTree;
  readonly rules: PathRules;
}
