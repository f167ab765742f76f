// What every script needs: the pinned runtime, an install that fits the lock file, a build that fits the sources.
// Plain JavaScript for any Node, because it runs before the pinned one is there.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const installStamp = join(modules, '.installed-for');
const MINIMUM = [22, 19];
const PARENT_CHECK_MS = 250;
const SIGNAL_PAUSE_MS = 1_000;

/** The Node every script runs on: the pinned one, or this one where the platform has none and it is new enough. */
export function runtime() {
  const pinned = join(modules, '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  if (existsSync(pinned)) return pinned;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1])) return process.execPath;
  console.error(
    `Node ${MINIMUM.join('.')} or newer is needed, and no pinned one exists for this platform; this is ${process.versions.node}.`,
  );
  process.exit(78);
}

/** The environment in which `node` is the pinned one for children too. */
export function environment(extra = {}) {
  return {
    ...process.env,
    PATH: `${join(modules, '.bin')}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
    ...extra,
  };
}

function must(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (error) throw error;
  if (status !== 0) {
    console.error(`${command} ${args.join(' ')} failed (${signal ?? status})`);
    process.exit(status ?? 1);
  }
}

/** Installs when the lock file is not the one that was installed. */
export function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(installStamp) && readFileSync(installStamp, 'utf8') === wanted) return;
  console.error('Installing what is missing …');
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  if (npm?.endsWith('.js')) must(process.execPath, [npm, ...args]);
  else must('npm', args, { shell: process.platform === 'win32' });
  writeFileSync(installStamp, wanted);
}

function newestChange(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

const SHARED_SOURCES = ['apps', 'libs', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/** Builds a project when a source of it is newer than its last build. */
function buildProject(project, folder, sources) {
  const stamp = join(root, folder, '.built-at');
  const newest = Math.max(...sources.map((name) => newestChange(join(root, name))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return;
  console.error(`Building ${project} …`);
  const startedAt = new Date();
  must(runtime(), [join(modules, '@nestjs/cli/bin/nest.js'), 'build', project], { env: environment() });
  writeFileSync(stamp, startedAt.toISOString());
  utimesSync(stamp, startedAt, startedAt);
}

/** The product. */
export const build = () => buildProject('server', 'dist', SHARED_SOURCES);

/** The product with fixture tools, for tests and measurements. */
export const buildTestServer = () => buildProject('test-server', 'dist-test', [...SHARED_SOURCES, 'test/server']);

/** Runs a program on the pinned runtime to its end, hands signals on, and leaves with its code. */
export function become(args, options = {}) {
  const child = spawn(runtime(), args, { cwd: root, stdio: 'inherit', env: environment(), ...options });
  // A terminal sends its signal to the child as well, and a second one would force it: each is handed on once a second at most.
  let handedOnAt = -SIGNAL_PAUSE_MS;
  const handOn = (signal) => {
    if (performance.now() - handedOnAt < SIGNAL_PAUSE_MS) return;
    handedOnAt = performance.now();
    child.kill(signal);
  };
  const isTerminal = process.stdin.isTTY === true;
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => handOn(signal));
  process.on('SIGINT', () => isTerminal || handOn('SIGINT'));
  // npm starts scripts through a shell that dies of a signal without handing it on: its death is the signal then.
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    handOn('SIGTERM');
  }, PARENT_CHECK_MS).unref();
  child.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** Runs a program on the pinned runtime to its end and returns its exit code. */
export function run(args, options = {}) {
  const { status } = spawnSync(runtime(), args, { cwd: root, stdio: 'inherit', env: environment(), ...options });
  return status ?? 1;
}

export const jestArgs = (...args) => [
  '--experimental-vm-modules',
  '--no-warnings',
  join(modules, 'jest/bin/jest.js'),
  ...args,
];
