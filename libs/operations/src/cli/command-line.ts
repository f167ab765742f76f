import { parseArgs } from 'node:util';
import type { SealRequest } from './config-seal.js';
import { OPERATOR_HELP, type OperatorCommand, operatorCommand } from './operator-command.js';
import { UsageError } from './usage.error.js';

/** How to serve; `config check` and `config print` take the same, to say whether and with what it would. */
interface ServeOptions {
  readonly transport: 'http' | 'stdio';
  readonly host?: string;
  readonly port?: string;
  /** `[NAME=]DIR` as given. */
  readonly workspaces?: string[];
  /** The policy file. */
  readonly config?: string;
}

/** What the user asked for on the command line. */
export type Command =
  | (ServeOptions & { readonly kind: 'serve' | 'config-check' | 'config-print' })
  | (SealRequest & { readonly kind: 'config-seal' })
  | { readonly kind: 'tools'; readonly action: 'list' | 'lock' }
  | { readonly kind: 'tools-check'; readonly against?: string }
  | { readonly kind: 'clients'; readonly client: string; readonly workspaces: string[] }
  | { readonly kind: 'wcgw'; readonly json: boolean }
  | OperatorCommand
  | { readonly kind: 'help' }
  | { readonly kind: 'version' };

export const HELP = `Usage: mcp-software-engineer [serve] [--stdio | --http] [options]

  serve                     serve MCP (the default); --http unless --stdio is given
    --stdio                 on stdin and stdout, for a client that starts this program
    --http                  at http://HOST:PORT/mcp
    --workspace [NAME=]DIR  a folder agents may work in; repeat for several (default: the current folder)
    --host HOST             address to listen on (default 127.0.0.1)
    --port PORT             port to listen on (default 3000)
    --config FILE           the policy file, YAML or JSON; SIGHUP reads it again
  config check              say whether the configuration fits, and what does not
  config print              print every setting with its source, without secrets, and the policy
  config encrypt NAME       encrypt a value for the setting NAME: read from stdin, printed as enc:v1:…
  config rotate NAME        put an encrypted value, read from stdin, under the newest of CONFIG_KEYS
  tools list                print every tool with the size of its definition
  tools lock                renew tools.lock.json
    --check                 change nothing; say what changed since, and what of it breaks callers (exit 1)
    --against FILE          compare with another lock, e.g. the one of the last release
  clients print NAME        print the configuration for claude-code, cursor or vscode
${OPERATOR_HELP}  wcgw [--json]             print what could go wrong with each tool and part, and what mitigates it
  --help, --version

Settings come from the environment; see .env.example.
`;

/** What each command takes. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  serve: ['stdio', 'http', 'host', 'port', 'workspace', 'config'],
  config: ['stdio', 'http', 'host', 'port', 'workspace', 'config'],
  tools: ['check', 'against'],
  clients: ['workspace'],
  wcgw: ['json'],
};

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [first = 'serve', ...rest] = positionals;
  const operator = operatorCommand(positionals, values);
  if (operator !== undefined) return operator;
  const foreign = Object.keys(values).filter((option) => !(OPTIONS[first] ?? []).includes(option));
  if (OPTIONS[first] !== undefined && foreign.length > 0) throw new UsageError(`${first} takes no --${foreign[0]}`);
  switch (first) {
    case 'serve':
      if (rest.length > 0) throw new UsageError(`serve takes no ${rest[0]}`);
      return { kind: 'serve', ...serveOptions(values) };
    case 'config':
      if (rest.length === 1 && (rest[0] === 'check' || rest[0] === 'print'))
        return { kind: `config-${rest[0]}`, ...serveOptions(values) };
      if (rest[0] === 'encrypt' || rest[0] === 'rotate') return sealRequest(rest[0], rest.slice(1), values);
      break;
    case 'tools':
      if (rest.join(' ') === 'lock' && values.check) return { kind: 'tools-check', against: values.against };
      if (values.check || values.against !== undefined)
        throw new UsageError('--check goes with tools lock, --against with it');
      if (rest.length === 1 && (rest[0] === 'list' || rest[0] === 'lock')) return { kind: 'tools', action: rest[0] };
      break;
    case 'wcgw':
      if (rest.length === 0) return { kind: 'wcgw', json: values.json ?? false };
      break;
    case 'clients':
      if (rest.length === 2 && rest[0] === 'print')
        return { kind: 'clients', client: rest[1]!, workspaces: values.workspace ?? ['.'] };
      break;
  }
  throw new UsageError(`not a command: ${positionals.join(' ')}`);
}

/** What stands in the wrong place is not said again: it might be the value. */
function sealRequest(action: SealRequest['action'], names: readonly string[], values: object): Command {
  if (names.length !== 1 || Object.keys(values).length > 0)
    throw new UsageError(`config ${action} takes the name of one setting, and its value on stdin`);
  return { kind: 'config-seal', action, name: names[0]! };
}

function serveOptions({
  stdio,
  http,
  host,
  port,
  workspace,
  config,
}: ReturnType<typeof parse>['values']): ServeOptions {
  if (stdio && http) throw new UsageError('choose one of --stdio and --http');
  return { transport: stdio ? 'stdio' : 'http', host, port, workspaces: workspace, config };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        stdio: { type: 'boolean' },
        http: { type: 'boolean' },
        workspace: { type: 'string', multiple: true },
        host: { type: 'string' },
        port: { type: 'string' },
        config: { type: 'string' },
        json: { type: 'boolean' },
        check: { type: 'boolean' },
        against: { type: 'string' },
        yes: { type: 'boolean' },
        name: { type: 'string' },
        tenant: { type: 'string' },
        subject: { type: 'string' },
        scope: { type: 'string', multiple: true },
        role: { type: 'string', multiple: true },
        expires: { type: 'string' },
        grace: { type: 'string' },
        for: { type: 'string' },
        since: { type: 'string' },
        until: { type: 'string' },
        operation: { type: 'string' },
        decision: { type: 'string' },
        'call-id': { type: 'string' },
        limit: { type: 'string' },
        'public-key': { type: 'string', multiple: true },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
