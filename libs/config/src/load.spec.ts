import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import 'reflect-metadata';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from './configuration.error.js';
import { Environment } from './environment.js';
import { loadSettings } from './load.js';
import { EMPTY_POLICY } from './policy/policy-settings.js';

const problemsOf = (environment: Record<string, string>, commandLine = {}): readonly string[] => {
  try {
    loadSettings(environment, { transport: 'http', ...commandLine });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
};

describe('loadSettings', () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'config-')));
  });

  it('boots with an empty environment: loopback, the current directory, safe limits', () => {
    const settings = loadSettings({}, { transport: 'http' });
    expect(settings.server).toMatchObject({ host: '127.0.0.1', port: 3000, production: false });
    expect(settings.workspace.roots.map(({ path }) => path)).toEqual([realpathSync('.')]);
    expect(settings.limits.bodyBytes).toBe(8_388_608);
  });

  it('reports every problem at once, with names and never with values', () => {
    const problems = problemsOf({ PORT: 'hunter2-port', LOG_LEVEL: 'hunter2-level', MAX_BODY_BYTES: '12' });
    expect(problems.map((problem) => problem.split(':')[0]).sort()).toEqual(['LOG_LEVEL', 'MAX_BODY_BYTES', 'PORT']);
    expect(problems.join()).not.toContain('hunter2');
  });

  it.each(['0x50', '1e3', '80.5', ' 80', '65536', '-1'])('refuses the port %j', (PORT) => {
    expect(problemsOf({ PORT })).toHaveLength(1);
  });
  it.each([
    ['PORT', '0'],
    ['PORT', '65535'],
    ['MAX_BODY_BYTES', '1024'],
    ['DRAIN_TIMEOUT_MS', '100'],
  ])('accepts %s=%s at the edge of its range', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([]);
  });

  it('refuses production, and any address but loopback, without authentication', () => {
    expect(problemsOf({ NODE_ENV: 'production' })).toEqual([expect.stringContaining('authentication')]);
    expect(problemsOf({ HOST: '0.0.0.0' })).toEqual([expect.stringContaining('authentication')]);
    expect(problemsOf({ HOST: '::1' })).toEqual([]);
    expect(problemsOf({ NODE_ENV: 'production' }, { transport: 'stdio' })).toEqual([]);
  });

  it('refuses pretty logs in production', () => {
    expect(problemsOf({ NODE_ENV: 'production', LOG_FORMAT: 'pretty' }, { transport: 'stdio' })).toEqual([
      expect.stringContaining('LOG_FORMAT'),
    ]);
  });

  it('lets the command line win over the environment', () => {
    const settings = loadSettings(
      { PORT: '4000', WORKSPACE_ROOTS: '/does/not/exist' },
      { transport: 'http', port: '5000', workspaces: [`code=${folder}`] },
    );
    expect(settings.server.port).toBe(5000);
    expect(settings.workspace.roots).toEqual([{ name: 'code', path: folder }]);
  });

  it('takes a value from NAME_FILE, and refuses both forms at once', () => {
    const file = join(folder, 'level');
    writeFileSync(file, 'debug\n');
    expect(loadSettings({ LOG_LEVEL_FILE: file }, { transport: 'http' }).log.level).toBe('debug');
    expect(problemsOf({ LOG_LEVEL_FILE: file, LOG_LEVEL: 'info' })).toHaveLength(1);
    expect(problemsOf({ LOG_LEVEL_FILE: join(folder, 'missing') })).toEqual([
      'LOG_LEVEL_FILE: the file cannot be read (ENOENT)',
    ]);
  });

  it('throttles by default, and takes other figures', () => {
    expect(loadSettings({}, { transport: 'http' }).throttle).toEqual({ windowMs: 60_000, maxRequests: 100 });
    const given = { RATE_LIMIT_WINDOW_MS: '1000', RATE_LIMIT_MAX_REQUESTS: '1' };
    expect(loadSettings(given, { transport: 'http' }).throttle).toEqual({ windowMs: 1_000, maxRequests: 1 });
    expect(problemsOf({ RATE_LIMIT_WINDOW_MS: '0', RATE_LIMIT_MAX_REQUESTS: '0' })).toHaveLength(2);
  });

  it.each([
    ['DATABASE_URL', 'postgres://user:p%40:ss@db/mcp?sslmode=require'],
    ['DATABASE_URL', 'postgresql://localhost:5432/mcp'],
    ['DATABASE_URL', 'postgresql:///mcp?host=/run/postgresql'],
    ['REDIS_URL', 'redis://cache:6379/0'],
    ['REDIS_URL', 'rediss://:secret@[::1]:6380'],
  ])('accepts %s=%s, also from a file', (name, url) => {
    const file = join(folder, 'url');
    writeFileSync(file, `${url}\n`);
    for (const environment of [{ [name]: url }, { [`${name}_FILE`]: file }])
      expect(Object.values(loadSettings(environment, { transport: 'http' }).storage)).toContain(url);
  });
  it.each([
    ['DATABASE_URL', 'mysql://hunter2@db/mcp'],
    ['DATABASE_URL', 'redis://hunter2@db'],
    ['DATABASE_URL', 'postgres://'],
    ['DATABASE_URL', 'postgres:hunter2'],
    ['DATABASE_URL', 'postgres://user:hunter2@db:port/mcp'],
    ['DATABASE_URL', 'hunter2'],
    ['REDIS_URL', 'http://hunter2@cache'],
    ['REDIS_URL', 'redis://'],
  ])('refuses %s=%s, and does not show it', (name, url) => {
    expect(problemsOf({ [name]: url })).toEqual([expect.stringMatching(new RegExp(`^${name}: expected a URL`))]);
    expect(problemsOf({ [name]: url }).join()).not.toContain('hunter2');
  });

  it('has no policy without a policy file', () => {
    const { policy } = loadSettings({}, { transport: 'http' });
    expect([policy.file, policy.current()]).toEqual([undefined, EMPTY_POLICY]);
  });

  it('reads the policy file, from the command line before the environment, and keeps its absolute path', () => {
    const file = join(folder, 'policy.yaml');
    writeFileSync(file, 'tools: { x: { enabled: false } }');
    const missing = join(folder, 'missing');
    for (const [environment, commandLine] of [
      [{ CONFIG_FILE: file }, {}],
      [{ CONFIG_FILE: missing }, { config: file }],
      [{}, { config: relative(process.cwd(), file) }],
    ] as const) {
      const { policy } = loadSettings(environment, { transport: 'http', ...commandLine });
      expect([policy.file, policy.current().tools.get('x')?.enabled]).toEqual([file, false]);
    }
  });

  it('reports the problems of the policy file together with all others', () => {
    const file = join(folder, 'policy.yaml');
    writeFileSync(file, 'tols: {}\npolicies: { audit: shadow }');
    expect(problemsOf({ CONFIG_FILE: file, PORT: 'x' }).map((problem) => problem.split(': ').slice(0, 2))).toEqual([
      ['PORT', expect.anything()],
      ['policy file', 'tols'],
      ['policy file', 'policies.audit'],
    ]);
  });

  it('refuses a policy file that is missing, no file, empty or too large', () => {
    const file = join(folder, 'policy.yaml');
    const told = (config: string): string => problemsOf({}, { config }).join();
    expect(told(file)).toBe('policy file: the file cannot be read (ENOENT)');
    for (const other of [folder, '', '/dev/null']) expect(told(other)).toContain('not a regular file');
    writeFileSync(file, '');
    expect(told(file)).toContain('empty');
    writeFileSync(file, `{}${' '.repeat(262_143)}`);
    expect(told(file)).toContain('larger than 262144 bytes');
    truncateSync(file, 262_144);
    expect(told(file)).toBe('');
  });

  it('does not wait for a pipe', () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect(problemsOf({}, { config: pipe })).toEqual(['policy file: the file is not a regular file']);
  });

  it('canonicalises a root that is a link or ends in a slash', () => {
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    const { roots } = loadSettings({ WORKSPACE_ROOTS: `a=${folder}/link/` }, { transport: 'http' }).workspace;
    expect(roots).toEqual([{ name: 'a', path: join(folder, 'real') }]);
  });

  it('refuses the file system root, missing, nested and twice-named roots', () => {
    mkdirSync(join(folder, 'x'));
    mkdirSync(join(folder, 'y'));
    expect(problemsOf({ WORKSPACE_ROOTS: 'all=/' })).toHaveLength(1);
    expect(problemsOf({ WORKSPACE_ROOTS: `a=${folder}/none` })).toHaveLength(1);
    expect(problemsOf({ WORKSPACE_ROOTS: `a=${folder},b=${folder}/x` })).toHaveLength(1);
    expect(problemsOf({ WORKSPACE_ROOTS: `a=${folder}/x,a=${folder}/y` })).toHaveLength(1);
    expect(problemsOf({ WORKSPACE_ROOTS: `a=${folder}/x,b=${folder}/y` })).toEqual([]);
  });

  it('freezes what it returns', () => {
    const settings = loadSettings({}, { transport: 'http' });
    expect(() => Object.assign(settings.server, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(settings.throttle, { maxRequests: 1 })).toThrow(TypeError);
    expect(() => Object.assign(settings.storage, { redisUrl: 'x' })).toThrow(TypeError);
    expect(() => Object.assign(settings.limits, { bodyBytes: 1 })).toThrow(TypeError);
  });
});

describe('.env.example', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../.env.example'), 'utf8');
  const given = new Map([...text.matchAll(/^#? ?([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));

  it('names exactly the settings of the schema', () => {
    expect([...given.keys()].sort()).toEqual(
      [...Object.keys(new Environment()), 'PUBLIC_URL']
        .filter((name, index, all) => all.indexOf(name) === index)
        .sort(),
    );
  });

  it('states the defaults of the schema', () => {
    const defaults = Object.entries(new Environment()).filter(([, value]) => value !== undefined);
    expect(defaults.length).toBeGreaterThan(10);
    for (const [name, value] of defaults) expect([name, given.get(name)]).toEqual([name, String(value)]);
  });
});
