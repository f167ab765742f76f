import { createSecretKey } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { SECRET_SETTINGS } from './environment-rules.js';
import { settingsCipher } from './environment-values.js';
import { SETTINGS } from './load.js';
import { reportSettings } from './settings-report.js';

const shownOf = (environment: Record<string, string>, commandLine = {}) =>
  Object.fromEntries(
    reportSettings(environment, { transport: 'http', ...commandLine }).map(({ name, from, shown }) => [
      name,
      [shown, from],
    ]),
  );

describe('reportSettings', () => {
  it('names every setting of the schema, with its default', () => {
    const shown = shownOf({ XDG_DATA_HOME: '/data' });
    expect(Object.keys(shown)).toEqual(SETTINGS);
    expect(shown).toMatchObject({
      PORT: ['3000', 'default'],
      AUTH_SECRET: ['', 'default'],
      CONFIG_KEYS: ['', 'default'],
      DATA_DIR: ['/data/mcp-software-engineer', 'default'],
    });
  });

  it('says where a value comes from', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'report-')), 'value');
    writeFileSync(file, 'debug\n');
    const environment = { LOG_LEVEL_FILE: file, PORT: '1', HOST: '::1', WORKSPACE_ROOTS: 'a=/a', LOG_FORMAT: '' };
    const commandLine = { port: '2', workspaces: ['b=/b', '/c'], config: 'policy.yaml' };
    expect(shownOf(environment, commandLine)).toMatchObject({
      LOG_LEVEL: ['debug', 'file'],
      PORT: ['2', 'command line'],
      HOST: ['::1', 'environment'],
      WORKSPACE_ROOTS: ['b=/b,/c', 'command line'],
      CONFIG_FILE: ['policy.yaml', 'command line'],
      LOG_FORMAT: ['json', 'default'],
    });
  });

  it('shows no secret, plain, encrypted or from a file', () => {
    const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
    const cipher = settingsCipher([{ kid: 'k', key: createSecretKey(bytes) }]);
    const CONFIG_KEYS = `k:${bytes.toString('base64')}`;
    const file = join(mkdtempSync(join(tmpdir(), 'report-')), 'value');
    writeFileSync(file, 'hunter2');
    expect(SECRET_SETTINGS.size).toBe(7);
    for (const name of SETTINGS) {
      const isSecret = SECRET_SETTINGS.has(name);
      if (name !== 'CONFIG_KEYS')
        expect(shownOf({ CONFIG_KEYS, [name]: cipher.seal('hunter2', name) })).toMatchObject({
          [name]: ['[encrypted]', 'environment'],
          CONFIG_KEYS: ['[set]', 'environment'],
        });
      expect(shownOf({ [name]: 'hunter2' })[name]).toEqual([isSecret ? '[set]' : 'hunter2', 'environment']);
      expect(shownOf({ [`${name}_FILE`]: file })[name]).toEqual([isSecret ? '[set]' : 'hunter2', 'file']);
    }
  });

  it('shows no question of a URL, and nothing that steers a terminal', () => {
    expect(shownOf({ AUTH_JWKS_URL: 'https://a.test/keys?key=hunter2', AUTH_CLIENT_ID: 'a\x1b[2J' })).toMatchObject({
      AUTH_JWKS_URL: ['https://a.test/keys?[set]', 'environment'],
      AUTH_CLIENT_ID: ['"a\\u001b[2J"', 'environment'],
    });
  });

  it('fails where a value cannot be read', () => {
    expect(() => shownOf({ AUTH_SECRET: 'enc:v1:x' })).toThrow('AUTH_SECRET: it is encrypted, and CONFIG_KEYS has no');
  });
});
