import { mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError } from './configuration.error.js';
import { Environment } from './environment.js';
import { loadSettings } from './load.js';

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
      'LOG_LEVEL_FILE: the file cannot be read',
    ]);
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
