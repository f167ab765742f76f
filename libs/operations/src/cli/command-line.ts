import { parseArgs } from 'node:util';

/** How to serve; `config check` takes the same, to say whether it would. */
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
  | (ServeOptions & { readonly kind: 'serve' | 'config-check' })
  | { readonly kind: 'tools'; readonly action: 'list' | 'lock' }
  | { readonly kind: 'clients'; readonly client: string; readonly workspaces: string[] }
  | { readonly kind: 'wcgw'; readonly json: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' };

/** The command line does not say anything this program understands: exit 64. */
export class UsageError extends Error {}

export const HELP = `Usage: mcp-software-engineer [serve] [--stdio | --http] [options]

  serve                     serve MCP (the default); --http unless --stdio is given
    --stdio                 on stdin and stdout, for a client that starts this program
    --http                  at http://HOST:PORT/mcp
    --workspace [NAME=]DIR  a folder agents may work in; repeat for several (default: the current folder)
    --host HOST             address to listen on (default 127.0.0.1)
    --port PORT             port to listen on (default 3000)
    --config FILE           the policy file, YAML or JSON; SIGHUP reads it again
  config check              say whether the configuration fits, and what does not
  tools list                print every tool with the size of its definition
  tools lock                renew tools.lock.json
  clients print NAME        print the configuration for claude-code, cursor or vscode
  wcgw [--json]             print what could go wrong with each tool and part, and what mitigates it
  --help, --version

Settings come from the environment; see .env.example.
`;

/** What each command takes. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  serve: ['stdio', 'http', 'host', 'port', 'workspace', 'config'],
  config: ['stdio', 'http', 'host', 'port', 'workspace', 'config'],
  tools: [],
  clients: ['workspace'],
  wcgw: ['json'],
};

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [first = 'serve', ...rest] = positionals;
  const foreign = Object.keys(values).filter((option) => !(OPTIONS[first] ?? []).includes(option));
  if (OPTIONS[first] !== undefined && foreign.length > 0) throw new UsageError(`${first} takes no --${foreign[0]}`);
  switch (first) {
    case 'serve':
      if (rest.length > 0) throw new UsageError(`serve takes no ${rest[0]}`);
      return { kind: 'serve', ...serveOptions(values) };
    case 'config':
      if (rest.join(' ') === 'check') return { kind: 'config-check', ...serveOptions(values) };
      break;
    case 'tools':
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
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
