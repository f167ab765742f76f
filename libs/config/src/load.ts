import { resolve } from 'node:path';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { readAuth } from './auth-settings.js';
import { ConfigurationError } from './configuration.error.js';
import { readDataDir } from './data-dir.js';
import { Environment } from './environment.js';
import { readValues, type Source } from './environment-values.js';
import { parsePolicy } from './policy/parse-policy.js';
import { EMPTY_POLICY } from './policy/policy-settings.js';
import { PolicySource } from './policy/policy-source.js';
import { readPolicyAtStart } from './policy/read-policy.js';
import {
  AuditSettings,
  AuthSettings,
  LogSettings,
  Limits,
  ServerSettings,
  StorageSettings,
  ThrottleSettings,
  ToolSettings,
  WorkspaceSettings,
} from './settings.js';
import { findUnknownSettings } from './unknown-settings.js';
import { readRoots } from './workspace-roots.js';

/** What the command line decides; it wins over the environment. */
export interface CommandLineSettings {
  readonly transport: 'http' | 'stdio';
  readonly host?: string;
  readonly port?: string;
  readonly workspaces?: readonly string[];
  /** The policy file. */
  readonly config?: string;
  /** False for a command that only works on what the server keeps: it has no workspaces. */
  readonly serves?: boolean;
}

export interface Settings {
  readonly server: ServerSettings;
  readonly log: LogSettings;
  readonly workspace: WorkspaceSettings;
  readonly tools: ToolSettings;
  readonly throttle: ThrottleSettings;
  readonly storage: StorageSettings;
  readonly auth: AuthSettings;
  readonly audit: AuditSettings;
  readonly limits: Limits;
  /** The only part that can change while the server runs. */
  readonly policy: PolicySource;
  /** What is probably a slip, in words that show no value. */
  readonly warnings?: readonly string[];
}

/** Names of all settings, in the order of the schema. */
export const SETTINGS: readonly string[] = Object.freeze(Object.keys(new Environment()));

const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost', '::1']);

/**
 * Parses the environment and the command line once, at start.
 * @throws ConfigurationError listing every problem found.
 */
export function loadSettings(source: Source, commandLine: CommandLineSettings): Settings {
  const problems: string[] = [];
  const { environment, configKeys } = readEnvironment(source, commandLine, problems);
  const unknown = findUnknownSettings(source, SETTINGS);
  problems.push(...unknown.problems);
  const roots =
    commandLine.serves === false ? [] : readRoots(commandLine.workspaces ?? environment.WORKSPACE_ROOTS, problems);
  const dataDir = readDataDir(environment.DATA_DIR, source['XDG_DATA_HOME'], roots, problems);
  const policy = readPolicySource(commandLine.config ?? environment.CONFIG_FILE, problems);
  const auth = section<AuthSettings>(
    AuthSettings,
    readAuth(environment, commandLine.transport, problems) as AuthSettings,
  );
  if (commandLine.transport === 'http' && !auth.isConfigured) checkWhoMayCall(environment, problems);
  if (environment.NODE_ENV === 'production' && environment.LOG_FORMAT !== 'json')
    problems.push('LOG_FORMAT: production logs JSON, one record a line, and nothing else');
  if (problems.length > 0) throw new ConfigurationError(problems);
  const { transport } = commandLine;
  return Object.freeze({
    server: section(ServerSettings, {
      production: environment.NODE_ENV === 'production',
      transport,
      host: environment.HOST,
      port: environment.PORT,
      publicUrl: environment.PUBLIC_URL,
      allowedOrigins: Object.freeze(environment.ALLOWED_ORIGINS),
      allowedHosts: Object.freeze(environment.ALLOWED_HOSTS.map((host) => host.toLowerCase())),
      preStopMs: environment.PRE_STOP_MS,
      drainTimeoutMs: environment.DRAIN_TIMEOUT_MS,
    }),
    log: section<LogSettings>(LogSettings, {
      level: environment.LOG_LEVEL,
      format: environment.LOG_FORMAT,
      stream: transport === 'stdio' ? 'stderr' : 'stdout',
    }),
    workspace: section(WorkspaceSettings, { roots: Object.freeze(roots) }),
    tools: section(ToolSettings, { toolsets: Object.freeze(environment.TOOLSETS) }),
    throttle: section(ThrottleSettings, {
      windowMs: environment.RATE_LIMIT_WINDOW_MS,
      maxRequests: environment.RATE_LIMIT_MAX_REQUESTS,
    }),
    storage: section(StorageSettings, {
      dataDir,
      databaseUrl: environment.DATABASE_URL,
      redisUrl: environment.REDIS_URL,
      configKeys: configKeys.length === 0 ? undefined : configKeys,
    }),
    auth,
    audit: section(AuditSettings, {
      store: environment.AUDIT_STORE,
      retentionDays: environment.AUDIT_RETENTION_DAYS || undefined,
    }),
    limits: new Limits({ bodyBytes: environment.MAX_BODY_BYTES }),
    policy,
    warnings: Object.freeze(unknown.warnings),
  });
}

const section = <T extends object>(type: new () => T, values: T): T => Object.freeze(Object.assign(new type(), values));

function readEnvironment(source: Source, commandLine: CommandLineSettings, problems: string[]) {
  const { values, keys } = readValues(source, SETTINGS, problems);
  const given = Object.fromEntries([...values].map(([name, { text }]) => [name, text]));
  if (commandLine.host !== undefined) given['HOST'] = commandLine.host;
  if (commandLine.port !== undefined) given['PORT'] = commandLine.port;
  const environment = plainToInstance(Environment, given, { exposeDefaultValues: true });
  for (const error of validateSync(environment, { whitelist: true, forbidUnknownValues: true }))
    problems.push(`${error.property}: ${Object.values(error.constraints ?? {}).join(', ')}`);
  return { environment, configKeys: keys };
}

/** The path is made absolute now, so that a reload reads the same file wherever the process is by then. */
function readPolicySource(given: string | undefined, problems: string[]): PolicySource {
  if (given === undefined) return new PolicySource(undefined, EMPTY_POLICY);
  const file = resolve(given);
  try {
    return new PolicySource(file, parsePolicy(readPolicyAtStart(file)));
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    problems.push(...error.problems.map((problem) => `policy file: ${problem}`));
    return new PolicySource(file, EMPTY_POLICY);
  }
}

/** Without authentication only a program on this machine may call, and never in production. */
function checkWhoMayCall(environment: Environment, problems: string[]): void {
  if (environment.NODE_ENV === 'production')
    problems.push('NODE_ENV: production needs authentication, and none is configured');
  if (!LOOPBACK_HOSTS.has(environment.HOST))
    problems.push(
      'HOST: any address but loopback (127.0.0.1, ::1, localhost) needs authentication, and none is configured',
    );
}

/** The one place that reads the process's environment. */
export const processEnvironment = (): Source => process.env;
