import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { nameOf, STANDARD_FAILURES, WcgwRegister } from '@app/pipeline';
import { StagedServer } from './staged-server.js';
import { SWITCH_OFF } from './switch-off.js';
import { modernRequest, post } from '../support/mcp-messages.js';

const root = join(import.meta.dirname, '../..');

/** Runs a script of the project with the product as it is built. */
function run(script: string, ...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status, out: stdout, err: stderr };
}

describe('npm run wcgw', () => {
  let copy: string;
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'register-'));
    for (const folder of ['libs', 'apps', 'test'])
      cpSync(join(root, folder), join(copy, folder), {
        recursive: true,
        filter: (path) => !/\.[a-z]+$/.test(path) || path.endsWith('spec.ts'),
      });
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  it('is green: every failure has a mitigation, every mitigation a test, and the document says so', () => {
    const { code, out, err } = run('scripts/wcgw.mjs', '--no-build');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/write_file +partial write +TemporaryFile +test\/wcgw\/parts\.e2e-spec\.ts/);
  });

  it("turns red when a mitigation's test is removed, and names it", () => {
    for (const entry of readdirSync(copy, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const source = readFileSync(file, 'utf8');
      const without = source.replaceAll(/injected\(\s*'partial write',\s*'TemporaryFile'/g, "removed('', ''");
      if (without !== source) writeFileSync(file, without);
    }
    const { code, err } = run('scripts/wcgw.mjs', '--no-build', '--tests', copy);
    expect([code, err]).toEqual([1, expect.stringContaining('partial write → TemporaryFile: no test injects it')]);
  });
});

describe('the register', () => {
  let server: StagedServer;
  beforeAll(async () => {
    server = await StagedServer.start();
  });
  afterAll(() => server.stop());

  it('answers every standard failure of every tool', () => {
    const register = server.probe.get(WcgwRegister);
    expect(register.holes()).toEqual([]);
    const known = new Set(register.entries().map(({ who, failure }) => `${who}: ${failure}`));
    for (const failure of STANDARD_FAILURES.write) expect(known).toContain(`write_file: ${failure}`);
    expect(nameOf({ waivedBecause: 'x' })).toBeUndefined();
  });

  it('is served to clients', async () => {
    const { headers, body } = modernRequest('resources/read', { uri: 'wcgw://register' });
    const { message } = await post(server.url, body, headers);
    const [{ text }] = (message.result as { contents: [{ text: string }] }).contents;
    expect((JSON.parse(text) as { entries: unknown[] }).entries).toContainEqual({
      who: 'write_file',
      risk: 'write',
      failure: 'lost update',
      mitigated_by: ['PathLocks', 'VersionCheck'],
    });
  });

  it('names only mitigations that tests know how to switch off', () => {
    const names = server.probe
      .get(WcgwRegister)
      .entries()
      .flatMap(({ mitigatedBy }) => mitigatedBy);
    expect([...new Set(names)].filter((name) => SWITCH_OFF[name] === undefined)).toEqual([]);
  });
});

describe('a mitigation that is switched off', () => {
  it('makes its tests fail', () => {
    const { code, out } = run('scripts/proofs/mitigations-off.mjs', '--seed', '20', '--count', '1');
    expect([code, out]).toEqual([0, expect.stringContaining('its tests show it')]);
  }, 120_000);
});
