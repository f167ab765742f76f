import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

describe('the echo benchmark', () => {
  it('runs, fails no call, and finds no gross loss against the SDK (the figure itself is a proof, not a test)', () => {
    const script = join(import.meta.dirname, 'bench/echo.mjs');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [script, '--rounds', '1', '--seconds', '1', '--minimum', '1.5'],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('Error')]);
    expect(stdout).toMatch(/this server \/ SDK v2: \d+\.\d\d/);
  }, 60_000);
});

describe('the benchmark of the stages', () => {
  it('runs every policy, and prints what each stage costs', () => {
    const script = join(import.meta.dirname, 'bench/stages.mjs');
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, '--rounds', '2', '--calls', '320'], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    for (const stage of ['throttle', 'idempotency', 'cache', 'retry', 'breaker', 'bulkhead', 'intent', 'redact'])
      expect(stdout).toContain(stage);
  }, 60_000);
});
