import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { loadSettings, readConfigKeys, reportSettings, settingsCipher } from '@app/config';
import { printConfiguration } from './config-print.js';

const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => 255 - index)).toString('base64');
const CONFIG_KEYS = `2025:${KEY}`;
const sealed = (name: string, value: string): string =>
  settingsCipher(readConfigKeys({ CONFIG_KEYS })).seal(value, name);

/** Every secret there is, in every way it can be given. */
function environmentOf(folder: string): Record<string, string> {
  const inFile = (name: string, text: string): string => {
    writeFileSync(join(folder, name), `${text}\n`);
    return join(folder, name);
  };
  return {
    CONFIG_KEYS,
    CONFIG_FILE: inFile(
      'policy.yaml',
      'tools: { write_file: { enabled: false, reason: Frozen. } }\nlocal: { scopes: ["*"] }',
    ),
    DATA_DIR: '/data',
    DATABASE_URL: 'postgres://user:hunter2@db/mcp',
    REDIS_URL_FILE: inFile('redis', 'redis://:hunter2@cache'),
    AUTH_ISSUER: 'https://issuer.test',
    AUTH_AUDIENCE: 'mcp',
    AUTH_PUBLIC_KEYS: sealed('AUTH_PUBLIC_KEYS', 'hunter2 in PEM'),
    AUTH_INTROSPECTION_URL: 'https://issuer.test/introspect?key=hunter2',
    AUTH_CLIENT_ID: 'mcp',
    AUTH_CLIENT_SECRET_FILE: inFile('client', sealed('AUTH_CLIENT_SECRET', 'hunter2')),
    AUTH_TOKEN: 'hunter2',
    PATH: '/hunter2',
  };
}

describe('config print', () => {
  it(injected('secret leak', 'reportSettings', 'shows every setting with its source, and no secret'), () => {
    const folder = mkdtempSync(join(tmpdir(), 'print-'));
    const environment = environmentOf(folder);
    const commandLine = { transport: 'stdio' as const, port: '4000', workspaces: [`code=${folder}`] };
    const { policy } = loadSettings(environment, commandLine);
    const text = printConfiguration(reportSettings(environment, commandLine), policy);
    expect(text.replaceAll(folder, 'FOLDER')).toBe(GOLDEN);
    for (const secret of ['hunter2', 'enc:v1', KEY.slice(0, 8)]) expect(text).not.toContain(secret);
  });

  it('says so where there is no policy file', () => {
    const { policy } = loadSettings({}, { transport: 'http' });
    expect(printConfiguration(reportSettings({}, { transport: 'http' }), policy)).toMatch(/\n\nPolicy file: none\n\{/);
  });
});

const GOLDEN = `NODE_ENV                 default       development
LOG_LEVEL                default       info
LOG_FORMAT               default       json
HOST                     default       127.0.0.1
PORT                     command line  4000
PUBLIC_URL               default
WORKSPACE_ROOTS          command line  code=FOLDER
ALLOWED_ORIGINS          default
ALLOWED_HOSTS            default
MAX_BODY_BYTES           default       8388608
TOOLSETS                 default       default
RATE_LIMIT_WINDOW_MS     default       60000
RATE_LIMIT_MAX_REQUESTS  default       100
DATABASE_URL             environment   [set]
REDIS_URL                file          [set]
CONFIG_FILE              environment   FOLDER/policy.yaml
DATA_DIR                 environment   /data
AUTH_ISSUER              environment   https://issuer.test
AUTH_AUDIENCE            environment   mcp
AUTH_JWKS_URL            default
AUTH_PUBLIC_KEYS         environment   [encrypted]
AUTH_SECRET              default
AUTH_INTROSPECTION_URL   environment   https://issuer.test/introspect?[set]
AUTH_CLIENT_ID           environment   mcp
AUTH_CLIENT_SECRET       file          [encrypted]
AUTH_MAX_TOKEN_AGE_S     default       3600
AUTH_TENANT_CLAIM        default       tenant
AUTH_ROLES_CLAIM         default       roles
AUTH_API_KEYS            default       off
AUTH_GATEWAY_HEADER      default
AUTH_CLIENT_CERT_HEADER  default
AUTH_TOKEN               environment   [set]
TRUSTED_PROXIES          default
CONFIG_KEYS              environment   [set]
AUDIT_STORE              default       database
AUDIT_RETENTION_DAYS     default       0
PRE_STOP_MS              default       0
DRAIN_TIMEOUT_MS         default       25000

Policy file: FOLDER/policy.yaml
{
  "policies": {},
  "tools": {
    "write_file": {
      "enabled": false,
      "reason": "Frozen.",
      "policies": {},
      "limits": {}
    }
  },
  "roles": {},
  "local": {
    "roles": [],
    "scopes": [
      "*"
    ]
  }
}`;
