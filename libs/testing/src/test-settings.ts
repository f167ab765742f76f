import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AuthSettings,
  EMPTY_POLICY,
  Limits,
  type PolicySettings,
  PolicySource,
  type Settings,
  type ThrottleSettings,
} from '@app/config';

export interface TestSettings {
  readonly workspace?: string;
  readonly limits?: Partial<Limits>;
  readonly toolsets?: readonly string[];
  /** Practically without a limit unless given: tests call more often than people do. */
  readonly throttle?: Partial<ThrottleSettings>;
  readonly policy?: PolicySettings;
  /** None unless given: callers are the local principal. */
  readonly auth?: Partial<AuthSettings>;
  /** For what the server keeps; default a folder that is made when something is kept. */
  readonly dataDir?: string;
}

/** Settings of a server under test: loopback, silent, one workspace. */
export function testSettings({
  workspace = tmpdir(),
  limits = {},
  toolsets = ['all'],
  throttle = {},
  policy = EMPTY_POLICY,
  auth = {},
  dataDir = join(tmpdir(), `mcp-software-engineer-test-${randomUUID()}`),
}: TestSettings = {}): Settings {
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
    throttle: { windowMs: 60_000, maxRequests: 1_000_000_000, ...throttle },
    storage: { dataDir },
    auth: Object.freeze(Object.assign(new AuthSettings(), NO_AUTH, auth)),
    audit: { store: 'log' },
    limits: new Limits({ callsPerPrincipal: 100_000, ...limits }),
    policy: new PolicySource(undefined, policy),
  };
}

const NO_AUTH: Partial<AuthSettings> = {
  audience: [],
  maxTokenAgeS: 3_600,
  tenantClaim: 'tenant',
  rolesClaim: 'roles',
  acceptsApiKeys: false,
  trustedProxies: [],
};
