import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Canary } from './canary.js';
import { snapshotOf, type TreeSnapshot } from './tree-snapshot.js';

export const CRLF = 'one\r\nword\r\nthree\r\n';
export const MIXED = 'one\r\nword\nthree\r\n';
export const BOM = '\ufeffone\nword\n';
export const LATIN1 = Buffer.from('caf\u00e9 word \u00fc\n', 'latin1');
export const NO_NEWLINE = 'one\nword';
export const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
/** What a terminal would act on, and what a reader would not see. */
export const HOSTILE_TEXT = 'sound \u001b[2J\u009b31m\u0085\u007f\u202e line\n';
const GIT_CONFIG = '[core]\n\trepositoryformatversion = 0\n';

/**
 * A workspace full of traps, and around it what must never be read or written: a sibling whose name begins like the
 * workspace's, a folder with a secret, a home. Everything lies below one temporary folder, `base`.
 */
export class World {
  readonly base = realpathSync(mkdtempSync(join(tmpdir(), 'paths-')));
  readonly workspace = join(this.base, 'ws');
  readonly outside = join(this.base, 'outside');
  readonly evil = join(this.base, 'ws-evil');
  readonly home = join(this.base, 'home');
  readonly canaries = ['FS', 'EVIL', 'HOME', 'ENV', 'TOKEN', 'ENTRY'].map((name) => new Canary(name));
  private readonly socket: Server;

  constructor() {
    const [fs, evil, home, , , entry] = this.canaries.map(({ text }) => text);
    this.put('outside/secret.txt', `${fs}\n`);
    this.put(`outside/${entry}.txt`, 'its name is the secret\n');
    this.put('outside/shared.txt', 'shared word\n');
    this.put('ws-evil/secret.txt', `${evil}\n`);
    this.put('home/.ssh/id_rsa', `${home}\n`);
    this.put('home/x', `${home}\n`);
    this.plantFiles();
    this.plantGit();
    this.plantLinks();
    for (const name of ['p1', 'p2', 'p3', 'p4']) execFileSync('mkfifo', [join(this.workspace, name)]);
    this.socket = createServer().listen(join(this.workspace, 'socket')).unref();
  }

  /** Names and values of the environment the server gets; no answer may have them. */
  get environment(): Record<string, string> {
    const [, , , env, token] = this.canaries.map(({ text }) => text);
    return { HOME: this.home, DEPLOY_NOTE: env!, LC_NOTE: env!, API_TOKEN: token!, NODE_NO_WARNINGS: '1' };
  }

  outsideSnapshot(): TreeSnapshot {
    return snapshotOf(this.base, [this.workspace]);
  }
  gitSnapshot(): TreeSnapshot {
    return new Map([...snapshotOf(join(this.workspace, '.git')), ...snapshotOf(join(this.workspace, 'sub/.git'))]);
  }
  workspaceSnapshot(): TreeSnapshot {
    return snapshotOf(this.workspace);
  }

  put(path: string, content: string | Uint8Array): void {
    const absolute = join(this.base, path);
    mkdirSync(join(absolute, '..'), { recursive: true });
    writeFileSync(absolute, content);
  }

  async dispose(): Promise<void> {
    await new Promise((done) => this.socket.close(done));
    rmSync(this.base, { recursive: true, force: true });
  }

  private plantFiles(): void {
    const files: Record<string, string | Uint8Array> = {
      'a.txt': 'alpha\nword\ngamma\n',
      'src/index.ts': 'export const word = 1;\n',
      'src/deep/x.ts': 'word\n',
      'crlf.txt': CRLF,
      'mixed.txt': MIXED,
      'bom.txt': BOM,
      'latin1.txt': LATIN1,
      'no-newline.txt': NO_NEWLINE,
      'hostile.txt': HOSTILE_TEXT,
      'image.png': PNG,
      '.env': 'WORD=1\n',
      '.npmrc': 'word=1\n',
      '.mcp.json': '{}\n',
      '.vscode/tasks.json': '{}\n',
      '.husky/pre-commit': 'true\n',
      '~/.ssh/word.txt': 'word\n',
      '$HOME/x': 'word\n',
      'a..b/c..': 'word\n',
      '...': 'word\n',
      'sub/word.txt': 'word\n',
      'names/new\nline.txt': 'word\n',
      'names/\u001b]0;x\u0007.txt': 'word\n',
      'names/\u009b31m.txt': 'word\n',
      'names/\u202egnp.txt': 'word\n',
    };
    for (const [path, content] of Object.entries(files)) this.put(`ws/${path}`, content);
    writeFileSync(Buffer.concat([Buffer.from(join(this.workspace, 'names/byte-')), Buffer.from([0xff])]), 'word\n');
    writeFileSync(join(this.workspace, 'sparse.bin'), '');
    truncateSync(join(this.workspace, 'sparse.bin'), 10 * 1024 ** 3);
  }

  private plantGit(): void {
    for (const git of ['ws/.git', 'ws/sub/.git']) {
      this.put(`${git}/HEAD`, 'ref: refs/heads/main\n');
      this.put(`${git}/config`, GIT_CONFIG);
      this.put(`${git}/config.worktree`, '');
      this.put(`${git}/hooks/post-commit.sample`, 'true\n');
      this.put(`${git}/info/exclude`, '\n');
      this.put(`${git}/refs/heads/main`, '0123456789012345678901234567890123456789\n');
    }
  }

  private plantLinks(): void {
    const links: Record<string, string> = {
      inner: 'a.txt',
      'inner-absolute': join(this.workspace, 'a.txt'),
      'inner-folder': 'src',
      link: join(this.outside, 'secret.txt'),
      'link-relative': '../outside/secret.txt',
      'link-missing': join(this.outside, 'nothing.txt'),
      dangling: join(this.outside, 'new.txt'),
      dir: this.outside,
      'dir-evil': '../ws-evil',
      'evil-absolute': this.evil,
      'to-root': '/',
      proc: '/proc/self/root',
      environ: '/proc/self/environ',
      'environ-1': '/proc/1/environ',
      memory: '/proc/self/mem',
      descriptor: '/proc/self/fd/3',
      'own-folder': '/proc/self/cwd',
      stdin: '/dev/stdin',
      'dev-fd': '/dev/fd/0',
      zero: '/dev/zero',
      random: '/dev/urandom',
      c1: 'c2',
      c2: 'c3',
      c3: this.outside,
      loop1: 'loop2',
      loop2: 'loop1',
      self: 'self',
      git: '.git',
      'src/up': '../../outside',
      'src/up-and-in': '../a.txt',
    };
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(this.workspace, name));
    for (let hop = 1; hop <= 41; hop++)
      symlinkSync(hop === 41 ? 'a.txt' : `hop${hop + 1}`, join(this.workspace, `hop${hop}`));
    linkSync(join(this.outside, 'shared.txt'), join(this.workspace, 'hard'));
  }
}
