import { tmpdir } from 'node:os';
import { Limits, type Settings } from '@app/config';

export interface TestSettings {
  readonly workspace?: string;
  readonly limits?: Partial<Limits>;
  readonly toolsets?: readonly string[];
}

/** Settings of a server under test: loopback, silent, one workspace. */
export function testSettings({ workspace = tmpdir(), limits = {}, toolsets = ['all'] }: TestSettings = {}): Settings {
  return {
    server: {
      production: false,
      transport: 'http',
      host: '127.0.0.1',
      port: 0,
      allowedOrigins: [],
      allowedHosts: [],
      preStopMs: 0,
      drainTimeoutMs: 5_000,
    },
    log: { level: 'silent', format: 'json', stream: 'stderr' },
    workspace: { roots: [{ name: 'ws', path: workspace }] },
    tools: { toolsets },
    limits: new Limits(limits),
  };
}
