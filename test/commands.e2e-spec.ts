import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');
/** PATH without this project's own binaries: the machine's Node comes first, however old it is. */
const PATH = process.env['PATH']!.split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);

describe('npm start', () => {
  it("serves on the pinned Node whatever the machine's own is, on the folder it was called from, and exits 0 on SIGTERM", async () => {
    const workspace = mkdtempSync(join(tmpdir(), 'called-from-'));
    const child = spawn('node', [join(root, 'scripts/start.mjs'), '--port', '0'], {
      cwd: root,
      env: { PATH, HOME: process.env['HOME'], INIT_CWD: workspace },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let told = '';
    child.stderr.setEncoding('utf8');
    for await (const chunk of child.stderr) {
      told += chunk as string;
      if (told.includes('or over stdio')) break;
    }
    const exited = once(child, 'exit');
    const url = /listening at (http:\/\/\S+\/mcp)/.exec(told)![1]!;
    expect((await fetch(url.replace('/mcp', '/health/ready'))).status).toBe(200);
    expect(told).toContain(workspace);
    expect(told).toContain('claude mcp add');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  });
});

describe('npm start ended by a signal to npm', () => {
  it('ends the server too, although the shell between them hands no signal on', async () => {
    const child = spawn('npm', ['start', '--', '--port', '0'], {
      cwd: root,
      env: { PATH, HOME: process.env['HOME'] },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let told = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
    while (!told.includes('or over stdio')) await once(child.stderr, 'data');
    const url = /listening at (http:\/\/\S+\/mcp)/.exec(told)![1]!.replace('/mcp', '/health/live');
    expect((await fetch(url)).status).toBe(200);
    child.kill('SIGTERM');
    const serves = (): Promise<boolean> =>
      fetch(url).then(
        () => true,
        () => false,
      );
    while (await serves()) await new Promise((next) => setTimeout(next, 20));
  });
});

describe('the bin', () => {
  const machine = spawnSync('node', ['--version'], { env: { PATH }, encoding: 'utf8' }).stdout.trim();
  const isOld = Number(machine.slice(1).split('.')[0]) < 22;

  it('refuses an old Node in words before anything else, and runs on a new one', () => {
    const { status, stdout, stderr } = spawnSync('node', [join(root, 'bin/mcp-software-engineer.mjs'), '--version'], {
      env: { PATH },
      encoding: 'utf8',
    });
    if (isOld) expect([status, stderr.includes('needs Node 22.19'), stdout]).toEqual([78, true, '']);
    else expect([status, /^\d+\.\d+\.\d+\n$/.test(stdout)]).toEqual([0, true]);
  });

  it('prints client configurations that parse and start the server without npm', () => {
    const print = (name: string): string =>
      spawnSync(
        process.execPath,
        [join(root, 'bin/mcp-software-engineer.mjs'), 'clients', 'print', name, '--workspace', '/tmp'],
        { encoding: 'utf8' },
      ).stdout;
    for (const [name, key] of [
      ['cursor', 'mcpServers'],
      ['vscode', 'servers'],
    ] as const) {
      const config = JSON.parse(print(name)) as Record<string, Record<string, { command: string; args: string[] }>>;
      const { command, args } = config[key]!['mcp-software-engineer']!;
      expect(spawnSync(command, [args[0]!, '--version'], { encoding: 'utf8' }).stdout).toMatch(/^\d/);
      expect(args.slice(1)).toEqual(['--stdio', '--workspace', '/tmp']);
    }
    expect(print('claude-code')).toMatch(/^claude mcp add mcp-software-engineer -- \S+node\S* \S+\.mjs --stdio/);
  });
});

describe('config', () => {
  const bin = join(root, 'bin/mcp-software-engineer.mjs');
  const config = (env: Record<string, string>, args: string[], input = '') => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [bin, 'config', ...args], {
      env: { PATH, HOME: process.env['HOME'], ...env },
      input,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const entry = (kid: string): string => `${kid}:${randomBytes(32).toString('base64')}`;
  const SECRET = randomBytes(24).toString('base64');
  const TOKENS = { AUTH_ISSUER: 'https://issuer.test', AUTH_AUDIENCE: 'mcp', NODE_ENV: 'production' };

  it('encrypts a value that the server takes, with any of its keys, and shows it to nobody', () => {
    const [older, newer] = [entry('older'), entry('newer')];
    const { stdout: sealed } = config({ CONFIG_KEYS: older }, ['encrypt', 'AUTH_SECRET'], `${SECRET}\n`);
    const { stdout: renewed } = config({ CONFIG_KEYS: `${newer},${older}` }, ['rotate', 'AUTH_SECRET'], sealed);
    expect([sealed, renewed]).toEqual([
      expect.stringMatching(/^enc:v1:older:[\w:-]+\n$/),
      expect.stringMatching(/^enc:v1:newer:[\w:-]+\n$/),
    ]);
    for (const [value, keys] of [
      [sealed, `${newer},${older}`],
      [renewed, newer],
    ] as const) {
      const env = { ...TOKENS, AUTH_SECRET: value.trim(), CONFIG_KEYS: keys };
      expect(config(env, ['check'])).toEqual({ status: 0, stdout: 'The configuration fits.\n', stderr: '' });
      const { status, stdout } = config(env, ['print']);
      expect([status, stdout]).toEqual([0, expect.stringMatching(/^AUTH_SECRET +environment +\[encrypted\]$/m)]);
      for (const secret of [SECRET, value.trim(), keys.slice(6)]) expect(stdout).not.toContain(secret);
    }
    const { status, stdout, stderr } = config({ ...TOKENS, AUTH_SECRET: sealed.trim(), CONFIG_KEYS: newer }, ['check']);
    expect([status, stdout, stderr.includes('AUTH_SECRET: it is encrypted with a key that')]).toEqual([78, '', true]);
    expect(stderr).not.toContain(sealed.slice(8, 30));
  });

  it('finds a slip of the pen: one that would leave the server open ends it, others are warned of', () => {
    expect(config({ AUTH_ISUER: 'https://issuer.test' }, ['check'])).toEqual({
      status: 78,
      stdout: '',
      stderr: expect.stringContaining('AUTH_ISUER: there is no such setting; did you mean AUTH_ISSUER?'),
    });
    expect(config({ RATE_LIMIT_MAX_REQUEST: '5' }, ['check'])).toEqual({
      status: 0,
      stdout: 'The configuration fits.\n',
      stderr: 'Warning: RATE_LIMIT_MAX_REQUEST: there is no such setting; did you mean RATE_LIMIT_MAX_REQUESTS?\n',
    });
  });

  it('ends with words where there are no keys, or the command line is not understood', () => {
    expect(config({}, ['encrypt', 'AUTH_SECRET'], SECRET)).toMatchObject({ status: 78, stdout: '' });
    for (const args of [
      ['encrypt', SECRET],
      ['encrypt', 'AUTH_SECRET', SECRET],
      ['encrypt'],
      ['seal', 'AUTH_SECRET'],
    ]) {
      const { status, stdout, stderr } = config({ CONFIG_KEYS: entry('k') }, args, SECRET);
      expect([status, stdout, stderr.includes('Usage:'), stderr.includes(SECRET)]).toEqual([64, '', true, false]);
    }
  });
});
