import { describe, expect, it } from '@jest/globals';
import { clientConfig } from './client-config.js';
import { HELP, parseCommandLine } from './command-line.js';
import { UsageError } from './usage.error.js';

const parse = (line: string) => parseCommandLine(line.split(' ').filter((word) => word !== ''));

describe('parseCommandLine', () => {
  it('serves over HTTP unless told otherwise', () => {
    expect(parse('')).toMatchObject({ kind: 'serve', transport: 'http' });
    expect(parse('serve --stdio')).toMatchObject({ kind: 'serve', transport: 'stdio' });
    expect(parse('--workspace a=/x --workspace /y --port 1')).toMatchObject({ workspaces: ['a=/x', '/y'], port: '1' });
  });
  it('checks a configuration with the options it would be served with', () => {
    expect(parse('config check --port abc --workspace /x')).toMatchObject({
      kind: 'config-check',
      port: 'abc',
      workspaces: ['/x'],
    });
  });
  it('takes the policy file where the server is started or its configuration checked', () => {
    expect(parse('--config p.yaml')).toMatchObject({ kind: 'serve', config: 'p.yaml' });
    expect(parse('config check --stdio --config p.yaml')).toMatchObject({ kind: 'config-check', config: 'p.yaml' });
    expect(parse('config check')).toMatchObject({ kind: 'config-check', config: undefined });
  });
  it('prints a configuration with the options it would be served with', () => {
    expect(parse('config print --stdio --config p.yaml')).toMatchObject({ kind: 'config-print', transport: 'stdio' });
  });
  it('encrypts for one setting, with nothing else on the command line', () => {
    expect(parse('config encrypt AUTH_SECRET')).toEqual({
      kind: 'config-seal',
      action: 'encrypt',
      name: 'AUTH_SECRET',
    });
    expect(parse('config rotate AUTH_SECRET')).toEqual({ kind: 'config-seal', action: 'rotate', name: 'AUTH_SECRET' });
    for (const line of ['config encrypt AUTH_SECRET hunter2', 'config encrypt', 'config rotate X --port 1'])
      expect(() => parse(line)).toThrow(/^(?!.*hunter2).*the name of one setting, and its value on stdin/);
  });
  it('compares tools with their lock, or with another', () => {
    expect(parse('tools lock')).toEqual({ kind: 'tools', action: 'lock' });
    expect(parse('tools lock --check')).toEqual({ kind: 'tools-check', against: undefined });
    expect(parse('tools lock --check --against old.json')).toEqual({ kind: 'tools-check', against: 'old.json' });
  });
  it('says in the help what each command does', () => {
    for (const command of ['config check', 'config print', 'config encrypt NAME', 'config rotate NAME', '--check'])
      expect(HELP).toContain(`\n  ${command.startsWith('-') ? '  ' : ''}${command} `);
    expect(Math.max(...HELP.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });
  it.each([
    'dance',
    'serve x',
    '--stdio --http',
    '--nope',
    'tools',
    'tools list --port 1',
    'tools list --check',
    'tools lock --against x',
    'tools lock --check x',
    'config print x',
    'wcgw --check',
    'tools list --config p.yaml',
    'serve --config',
    'clients print',
    'clients print vscode --stdio',
    'config',
  ])('does not understand: %s', (line) => {
    expect(() => parse(line)).toThrow(UsageError);
  });
});

describe('clientConfig', () => {
  const launch = { node: '/n/node', script: '/s/bin.mjs', workspaces: ['a=/with space', '/y'] };
  it('hands on every workspace, quoted where a shell reads it', () => {
    expect(clientConfig('claude-code', launch)).toBe(
      "claude mcp add mcp-software-engineer -- /n/node /s/bin.mjs --stdio --workspace 'a=/with space' --workspace /y",
    );
    const { servers } = JSON.parse(clientConfig('vscode', launch)) as { servers: Record<string, { args: string[] }> };
    expect(servers['mcp-software-engineer']!.args).toEqual([
      '/s/bin.mjs',
      '--stdio',
      '--workspace',
      'a=/with space',
      '--workspace',
      '/y',
    ]);
  });
});
