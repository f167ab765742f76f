import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from './configuration.error.js';
import { loadSettings, SETTINGS } from './load.js';
import { findUnknownSettings } from './unknown-settings.js';

const found = (...names: string[]) =>
  findUnknownSettings(Object.fromEntries(names.map((name) => [name, 'hunter2'])), SETTINGS);

describe('a variable that is no setting', () => {
  it.each([
    ['AUTH_ISUER', 'did you mean AUTH_ISSUER?'],
    ['AUTH_AUDIENCES', 'did you mean AUTH_AUDIENCE?'],
    ['AUTH_ISUER_FILE', 'did you mean AUTH_ISSUER_FILE?'],
    ['AUTH_API_KEY', 'did you mean AUTH_API_KEYS?'],
    ['AUTH_SOMETHING_ELSE_ALTOGETHER', 'AUTH_SOMETHING_ELSE_ALTOGETHER: there is no such setting'],
  ])('of authentication keeps the server from starting: %s', (name, words) => {
    expect(found(name)).toEqual({ problems: [expect.stringContaining(words)], warnings: [] });
    expect(() => loadSettings({ [name]: 'hunter2' }, { transport: 'http' })).toThrow(ConfigurationError);
    expect(found(name).problems.join()).not.toContain('hunter2');
  });

  it.each([
    ['RATE_LIMIT_MAX', 'RATE_LIMIT_MAX: there is no such setting'],
    ['RATE_LIMIT_WINDOWS_MS', 'did you mean RATE_LIMIT_WINDOW_MS?'],
    ['AUDIT_RETENTION', 'AUDIT_RETENTION: there is no such setting'],
    ['TRUSTED_PROXY', 'did you mean TRUSTED_PROXIES?'],
    ['ALLOWED_HOST', 'did you mean ALLOWED_HOSTS?'],
    ['CONFIG_KEY', 'did you mean CONFIG_KEYS?'],
    ['CONFIG_KEY_FILE', 'did you mean CONFIG_KEYS_FILE?'],
    ['DATABASE_URI', 'did you mean DATABASE_URL?'],
    ['MAX_BODY_BYTE', 'did you mean MAX_BODY_BYTES?'],
    ['DRAIN_TIMEOUT', 'did you mean DRAIN_TIMEOUT_MS?'],
  ])('but nearly one is told, and the server starts: %s', (name, words) => {
    expect(found(name)).toEqual({ problems: [], warnings: [expect.stringContaining(words)] });
    expect(loadSettings({ [name]: 'x' }, { transport: 'http' }).warnings).toHaveLength(1);
  });

  it.each([
    'PATH',
    'HOME',
    'HOSTNAME',
    'NODE_OPTIONS',
    'NODE_EXTRA_CA_CERTS',
    'LOG_DIRECTORY',
    'REDIS_MAX_CONNECTIONS',
    'DATABASE_POOL_SIZE',
    'MAX_MEMORY_MB',
    'XAUTHORITY',
    'SSH_AUTH_SOCK',
    // What Kubernetes tells of services that are named auth and redis.
    'AUTH_SERVICE_HOST',
    'AUTH_SERVICE_PORT',
    'AUTH_SERVICE_PORT_HTTP_API',
    'AUTH_PORT',
    'AUTH_PORT_8080_TCP',
    'AUTH_PORT_8080_TCP_ADDR',
    'AUTH_PORT_53_UDP_PROTO',
    'REDIS_SERVICE_HOST',
  ])('and belongs to others is let pass: %s', (name) => {
    expect(found(name)).toEqual({ problems: [], warnings: [] });
  });

  it('is none of the settings, nor a file of one', () => {
    expect(found(...SETTINGS, ...SETTINGS.map((name) => `${name}_FILE`))).toEqual({ problems: [], warnings: [] });
  });
});
