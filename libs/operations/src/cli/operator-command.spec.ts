import { describe, expect, it } from '@jest/globals';
import { HELP, parseCommandLine } from './command-line.js';
import { OPERATOR_OPTIONS, operatorCommand, type OperatorValues } from './operator-command.js';
import { UsageError } from './usage.error.js';

const NOW = Date.UTC(2026, 0, 31);
const DAY_MS = 86_400_000;
const read = (line: string, values: OperatorValues = {}) => operatorCommand(line.split(' '), values, () => NOW);

describe('operatorCommand', () => {
  it('makes a key of the default tenant that never ends, unless told otherwise', () => {
    const least = { name: 'CI', subject: 'ci' };
    expect(read('keys create', least)).toEqual({
      kind: 'keys-create',
      ...least,
      tenant: 'default',
      scopes: [],
      roles: [],
    });
    expect(
      read('keys create', { ...least, tenant: 'acme', scope: ['a:read', 'b:*'], role: ['dev'], expires: '90d' }),
    ).toMatchObject({ tenant: 'acme', scopes: ['a:read', 'b:*'], roles: ['dev'], expiresAt: NOW + 90 * DAY_MS });
    expect(read('keys create', { ...least, expires: '2026-03-01' })).toMatchObject({ expiresAt: Date.UTC(2026, 2, 1) });
    expect(read('keys create', { ...least, expires: '2026-03-01T12:00:00Z' })).toMatchObject({
      expiresAt: Date.UTC(2026, 2, 1, 12),
    });
  });

  it.each<[string, OperatorValues, object]>([
    ['keys list', {}, { kind: 'keys-list', tenant: undefined, json: false }],
    ['keys list', { tenant: 'acme', json: true }, { kind: 'keys-list', tenant: 'acme', json: true }],
    ['keys rotate k', {}, { kind: 'keys-rotate', id: 'k', graceMs: DAY_MS }],
    ['keys rotate k', { grace: '0s' }, { kind: 'keys-rotate', id: 'k', graceMs: 0 }],
    ['keys revoke k', {}, { kind: 'keys-revoke', id: 'k' }],
    ['tokens revoke j', {}, { kind: 'tokens-revoke', id: 'j', forMs: 3_600_000 }],
    ['tokens revoke j', { for: '30m' }, { kind: 'tokens-revoke', id: 'j', forMs: 1_800_000 }],
    ['audit verify', {}, { kind: 'audit-verify', publicKeys: [], json: false }],
    ['audit verify', { 'public-key': ['a', 'b'] }, { kind: 'audit-verify', publicKeys: ['a', 'b'], json: false }],
    ['audit query', {}, { kind: 'audit-query', query: {}, json: false }],
    ['audit export', { tenant: 'acme' }, { kind: 'audit-export', query: { tenant: 'acme' } }],
    ['audit erase', { tenant: 'a', subject: 's', yes: true }, { kind: 'audit-erase', tenant: 'a', subject: 's' }],
    ['approvals list', { json: true }, { kind: 'approvals-list', json: true }],
    ['approvals approve p', {}, { kind: 'approvals-decide', id: 'p', approve: true }],
    ['approvals deny p', {}, { kind: 'approvals-decide', id: 'p', approve: false }],
  ])('reads %s with %j', (line, values, command) => {
    expect(read(line, values)).toEqual(command);
  });

  it('asks the audit by everything a record is found by', () => {
    const values = { since: '2d', until: '2026-01-30', subject: 's', operation: 'o', decision: 'd', 'call-id': 'c' };
    expect(read('audit query', { ...values, limit: '7', json: true })).toEqual({
      kind: 'audit-query',
      json: true,
      query: {
        since: NOW - 2 * DAY_MS,
        until: Date.UTC(2026, 0, 30),
        subject: 's',
        operation: 'o',
        decision: 'd',
        callId: 'c',
        limit: 7,
      },
    });
  });

  it.each<[string, OperatorValues, string]>([
    ['keys create', { name: 'x' }, '--subject is missing'],
    ['keys create', { subject: 'x' }, '--name is missing'],
    ['keys create', { name: 'x', subject: 'y', expires: 'soon' }, 'a time is written like'],
    ['keys create', { name: 'x', subject: 'y', expires: '0d' }, 'a time is written like'],
    ['keys create', { name: 'x', subject: 'y', expires: '2026-13-01' }, 'not a date'],
    ['keys create k', { name: 'x', subject: 'y' }, 'takes no further words'],
    ['keys list', { scope: ['x'] }, 'takes no --scope'],
    ['keys rotate k', { grace: '-1h' }, 'a time is written like'],
    ['keys rotate', {}, 'takes one id'],
    ['keys revoke a b', {}, 'takes one id'],
    ['tokens revoke j', { for: '0s' }, 'a time is written like'],
    ['tokens revoke ', {}, 'a jti has 1 to 255 characters'],
    [`tokens revoke ${'j'.repeat(256)}`, {}, 'a jti has 1 to 255 characters'],
    ['audit query', { limit: '0' }, 'a whole number from 1 to 1000'],
    ['audit query', { limit: '1001' }, 'a whole number from 1 to 1000'],
    ['audit query', { limit: '1.5' }, 'a whole number from 1 to 1000'],
    ['audit export', { limit: '1' }, 'takes no --limit'],
    ['audit erase', { tenant: 'a', subject: 's' }, 'say --yes'],
    ['audit erase', { tenant: 'a', yes: true }, '--subject is missing'],
    ['audit verify', { yes: true }, 'takes no --yes'],
    ['approvals approve', {}, 'takes one id'],
    ['approvals list p', {}, 'takes no further words'],
  ])('does not guess what %s with %j means', (line, values, problem) => {
    expect(() => read(line, values)).toThrow(UsageError);
    expect(() => read(line, values)).toThrow(problem);
  });

  it('leaves to others what is none of its commands', () => {
    for (const line of ['keys', 'keys dance', 'audit', 'tools list', '']) expect(read(line)).toBeUndefined();
    for (const line of ['keys', 'audit dance', 'approvals'])
      expect(() => parseCommandLine(line.split(' '))).toThrow(UsageError);
  });

  it('is reached from the command line with every option it takes, and nothing else is', () => {
    const flags = ['json', 'yes'];
    for (const [command, options] of Object.entries(OPERATOR_OPTIONS)) {
      const given = options.flatMap((option) => {
        if (flags.includes(option)) return [`--${option}`];
        const value = ['expires', 'grace', 'for', 'since', 'until'].includes(option) ? '1h' : '5';
        return [`--${option}`, value];
      });
      const id = /rotate|revoke|approve|deny/.test(command.split(' ')[1]!) ? ['id'] : [];
      const words = [...command.split(' '), ...id];
      expect(parseCommandLine([...words, ...given]).kind).toMatch(/^(keys|tokens|audit|approvals)-/);
      expect(() => parseCommandLine([...words, ...given, '--port', '1'])).toThrow(UsageError);
    }
  });

  it('is in the help with every option', () => {
    for (const option of new Set(Object.values(OPERATOR_OPTIONS).flat())) expect(HELP).toContain(`--${option}`);
    for (const command of Object.keys(OPERATOR_OPTIONS)) {
      const [group, action] = command.split(' ') as [string, string];
      expect(HELP).toMatch(new RegExp(`^  ${group} [^\n]*\\b${action}\\b`, 'm'));
    }
  });
});
