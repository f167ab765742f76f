// Clones the last commit into an empty folder, with an empty npm cache and the machine's own Node first on PATH, then
// runs the two commands of the README as a newcomer would.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from '../workspace.mjs';

const folder = mkdtempSync(join(tmpdir(), 'clean-clone-'));
const clone = join(folder, 'clone');
// Without the folders npm and the caller put in front: what a person's shell has.
const path = process.env.PATH.split(delimiter)
  .filter((entry) => !entry.includes('node_modules'))
  .join(delimiter);
const env = { PATH: path, HOME: process.env.HOME, npm_config_cache: join(folder, 'cache'), CI: process.env.CI ?? '' };
for (const name of ['npm_config_registry', 'NPM_CONFIG_REGISTRY', 'NPM_CONFIG_USERCONFIG', 'NODE_EXTRA_CA_CERTS'])
  if (process.env[name] !== undefined) env[name] = process.env[name];

function must(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed with ${status}`);
}

/** npm start until it answers a health check. @returns milliseconds to ready. */
async function start(port) {
  const began = performance.now();
  const child = spawn('npm', ['start', '--', '--port', String(port)], {
    cwd: clone,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  for (;;) {
    if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}`);
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) break;
    await new Promise((next) => setTimeout(next, 20));
  }
  const ms = Math.round(performance.now() - began);
  child.kill('SIGTERM');
  await exited;
  // npm ends before the server has drained; the server must follow.
  const patience = performance.now() + 10_000;
  while (
    await fetch(`http://127.0.0.1:${port}/health/live`).then(
      () => true,
      () => false,
    )
  )
    if (performance.now() > patience) throw new Error('the server outlived npm start');
  return ms;
}

try {
  must('git', ['clone', '--quiet', root, clone], folder);
  console.log(`the machine's own Node: ${spawnSync('node', ['--version'], { env, encoding: 'utf8' }).stdout.trim()}`);
  console.log(`first npm start, ready after ${await start(3911)} ms (installs and builds)`);
  const again = [await start(3912), await start(3913), await start(3914)].sort((a, b) => a - b);
  console.log(`second npm start, ready after ${again.join(', ')} ms`);
  if (again[1] >= 2_000) throw new Error('the second start took two seconds or more');
  if (!process.argv.includes('--no-test')) must('npm', ['test'], clone);
  console.log('holds: npm start serves and npm test passes on an empty clone');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
