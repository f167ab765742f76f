import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { ConfigurationError } from './configuration.error.js';
import { Environment } from './environment.js';
import {
  LogSettings,
  Limits,
  ServerSettings,
  ToolSettings,
  WorkspaceSettings,
  type WorkspaceRoot,
} from './settings.js';

/** What the command line decides; it wins over the environment. */
export interface CommandLineSettings {
  readonly transport: 'http' | 'stdio';
  readonly host?: string;
  readonly port?: string;
  readonly workspaces?: readonly string[];
}

export interface Settings {
  readonly server: ServerSettings;
  readonly log: LogSettings;
  readonly workspace: WorkspaceSettings;
  readonly tools: ToolSettings;
  readonly limits: Limits;
}

type Source = Readonly<Record<string, string | undefined>>;

const WORKSPACE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i;
const LOOPBACK_HOSTS = new Set(['127.0.0.1', 'localhost', '::1']);

/**
 * Parses the environment and the command line once, at start.
 * @throws ConfigurationError listing every problem found.
 */
export function loadSettings(source: Source, commandLine: CommandLineSettings): Settings {
  const problems: string[] = [];
  const environment = readEnvironment(source, commandLine, problems);
  const roots = readRoots(commandLine.workspaces ?? environment.WORKSPACE_ROOTS, problems);
  if (commandLine.transport === 'http') checkWhoMayCall(environment, problems);
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
    limits: new Limits({ bodyBytes: environment.MAX_BODY_BYTES }),
  });
}

const section = <T extends object>(type: new () => T, values: T): T => Object.freeze(Object.assign(new type(), values));

function readEnvironment(source: Source, commandLine: CommandLineSettings, problems: string[]): Environment {
  const known = Object.keys(new Environment());
  const given: Record<string, string> = {};
  for (const name of known) {
    const value = valueOf(source, name, problems);
    if (value !== undefined && value !== '') given[name] = value;
  }
  if (commandLine.host !== undefined) given['HOST'] = commandLine.host;
  if (commandLine.port !== undefined) given['PORT'] = commandLine.port;
  const environment = plainToInstance(Environment, given, { exposeDefaultValues: true });
  for (const error of validateSync(environment, { whitelist: true, forbidUnknownValues: true }))
    problems.push(`${error.property}: ${Object.values(error.constraints ?? {}).join(', ')}`);
  return environment;
}

/** A value given directly, or as the contents of the file that `NAME_FILE` names. */
function valueOf(source: Source, name: string, problems: string[]): string | undefined {
  const file = source[`${name}_FILE`];
  if (file === undefined || file === '') return source[name];
  if (source[name] !== undefined) {
    problems.push(`${name}: set either ${name} or ${name}_FILE, not both`);
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    problems.push(`${name}_FILE: the file cannot be read`);
    return undefined;
  }
}

function readRoots(entries: readonly string[], problems: string[]): WorkspaceRoot[] {
  const roots: WorkspaceRoot[] = [];
  for (const entry of entries.length === 0 ? ['.'] : entries) {
    const root = readRoot(entry, problems);
    if (root === undefined) continue;
    if (roots.some(({ name }) => name === root.name))
      problems.push(`WORKSPACE_ROOTS: the name ${root.name} is given twice`);
    const overlap = roots.find(({ path }) => contains(path, root.path) || contains(root.path, path));
    if (overlap)
      problems.push(`WORKSPACE_ROOTS: ${root.name} and ${overlap.name} overlap; give folders beside each other`);
    roots.push(root);
  }
  return roots;
}

function readRoot(entry: string, problems: string[]): WorkspaceRoot | undefined {
  const equals = entry.indexOf('=');
  const given = equals > 0 ? entry.slice(equals + 1) : entry;
  if (given.trim() === '') {
    // Most likely a shell variable that is not set: the current folder would be the wrong one.
    problems.push('WORKSPACE_ROOTS: a workspace has an empty path');
    return undefined;
  }
  let path: string;
  try {
    path = realpathSync(resolve(given));
    if (!statSync(path).isDirectory()) throw new Error('not a folder');
  } catch {
    problems.push(`WORKSPACE_ROOTS or --workspace: ${JSON.stringify(given)} is not a folder that can be opened`);
    return undefined;
  }
  const name =
    equals > 0
      ? entry.slice(0, equals)
      : basename(path)
          .replace(/[^A-Za-z0-9._-]+/g, '-')
          .replace(/^[._-]+/, '') || 'workspace';
  if (!WORKSPACE_NAME.test(name))
    problems.push('WORKSPACE_ROOTS: a name is 1 to 64 letters, digits, dots, dashes or underscores');
  if (path === '/') problems.push('WORKSPACE_ROOTS: the root of the file system is not a workspace');
  return Object.freeze({ name, path });
}

const contains = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(`${outer}/`);

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
