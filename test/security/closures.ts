import type { Attempt } from './attacker.js';

/** What every tool is given for a path that must not be reached: its whole surface, not only the argument named path. */
type Ways = Readonly<Record<string, (path: string) => Attempt[]>>;

const SHA = '0'.repeat(64);
const tool = (name: string, args: unknown): Attempt => ({ tool: name, args });

/** One entry per tool of the product: a tool that is added has to say here how it could be misused. */
export const WAYS: Ways = {
  // Takes no argument.
  workspace_info: () => [tool('workspace_info', {})],
  read_files: (path) => [
    tool('read_files', { items: [{ path }] }),
    tool('read_files', { items: [{ path, tail: 10 }], as: 'text' }),
    tool('read_files', { items: [{ path }, { path: 'a.txt' }], as: 'base64' }),
    tool('read_files', { workspace: path, items: [{ path: 'secret.txt' }] }),
  ],
  list_files: (path) => [
    tool('list_files', { path, depth: 10, include_ignored: true }),
    tool('list_files', { glob: `${path}/**`, include_ignored: true }),
    tool('list_files', { path: 'src', glob: path, include_ignored: true }),
    tool('list_files', { cursor: path }),
  ],
  search_text: (path) => [
    tool('search_text', { query: 'CANARY', path, include_ignored: true }),
    tool('search_text', { query: 'CANARY', include: [path], include_ignored: true }),
    tool('search_text', { query: 'CANARY', include: [`${path}/**`, '**'], exclude: ['a.txt'], include_ignored: true }),
    tool('search_text', { query: `--file=${path}`, include_ignored: true }),
    tool('search_text', { query: '.', literal: false, path, multiline: true, context: 5, max_results: 500 }),
  ],
  edit_file: (path) => [
    tool('edit_file', { path, edits: [{ old: 'CANARY', new: 'x' }] }),
    // What is close to the text is told: it must never be of a file outside.
    tool('edit_file', { path, edits: [{ old: 'CANARY_FS_0000000000000000', new: 'x' }], dry_run: true }),
    tool('edit_file', { path, edits: [{ old: 'core', new: 'x' }], if_match: SHA }),
  ],
  write_file: (path) => [
    tool('write_file', { path, content: 'written by an attack\n' }),
    tool('write_file', { path, content: 'written by an attack\n', mode: 'overwrite', if_match: SHA }),
    tool('write_file', { path, content: 'written by an attack\n', mode: 'append' }),
    tool('write_file', { path: `${path}/below/new.txt`, content: 'eA==', encoding: 'base64' }),
    tool('write_file', { path, content: '', mode: 'append', dry_run: true }),
  ],
};

/** The same for what is no tool. */
const besideTools = (path: string): Attempt[] => [
  { uri: `workspace://ws/${encodeURI(path)}` },
  { uri: `workspace://ws/${encodeURIComponent(path)}` },
  { complete: path },
  { complete: `${path}/` },
  { complete: path, known: { workspace: '../outside' } },
];

/** Every spelling of a way out of the workspace. */
const outside = (base: string): string[] => [
  '../outside/secret.txt',
  '../outside',
  '..',
  'src/../../outside/secret.txt',
  `${base}/outside/secret.txt`,
  `/proc/self/cwd`,
  'link',
  'link-relative',
  'dangling',
  'dir/secret.txt',
  'dir',
  'dir-evil/secret.txt',
  'src/up/secret.txt',
  'inner-folder/up/secret.txt',
  'c1/secret.txt',
  'proc/etc/passwd',
  'environ',
  `to-root${base}/outside/secret.txt`,
  'own-folder/package.json',
  '../ws-evil/secret.txt',
  '..\\outside\\secret.txt',
  '%2e%2e/outside/secret.txt',
  '~/.ssh/id_rsa',
];
const gitFolder = [
  '.git/config',
  '.git/hooks/post-commit',
  '.git',
  'git/config',
  'sub/.git/config',
  'sub/.git/hooks/x',
  '.GIT/config',
  '.g\u200cit/hooks/x',
  'git~1/config',
  './.git/info/exclude',
];

/** Each protected effect, and every way through every tool that could cause it. */
export const closuresOf = (base: string): { readonly effect: string; readonly attempts: readonly Attempt[] }[] =>
  Object.entries({
    'reading or writing outside': outside(base),
    'changing a repository behind its back': gitFolder,
  }).map(([effect, paths]) => ({
    effect,
    attempts: paths.flatMap((path) => [...Object.values(WAYS).flatMap((ways) => ways(path)), ...besideTools(path)]),
  }));
