import { parseArgs } from 'node:util';

/** What the user asked for on the command line. */
export type Command =
  | {
      readonly kind: 'serve';
      readonly transport: 'http' | 'stdio';
      readonly host?: string;
      readonly port?: string;
      readonly workspaces?: string[];
    }
  | { readonly kind: 'config-check' }
  | { readonly kind: 'tools'; readonly action: 'list' | 'lock' }
  | { readonly kind: 'clients'; readonly client: string; readonly workspace?: string }
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
  config check              say whether the configuration fits, and what does not
  tools list                print every tool with the size of its definition
  tools lock                renew tools.lock.json
  clients print NAME        print the configuration for claude-code, cursor or vscode
  --help, --version

Settings come from the environment; see .env.example.
`;

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [first = 'serve', ...rest] = positionals;
  switch (first) {
    case 'serve': {
      if (rest.length > 0) throw new UsageError(`serve takes no ${rest[0]}`);
      if (values.stdio && values.http) throw new UsageError('choose one of --stdio and --http');
      const { host, port, workspace: workspaces } = values;
      return { kind: 'serve', transport: values.stdio ? 'stdio' : 'http', host, port, workspaces };
    }
    case 'config':
      if (rest.join(' ') === 'check') return { kind: 'config-check' };
      break;
    case 'tools':
      if (rest.length === 1 && (rest[0] === 'list' || rest[0] === 'lock')) return { kind: 'tools', action: rest[0] };
      break;
    case 'clients':
      if (rest.length === 2 && rest[0] === 'print')
        return { kind: 'clients', client: rest[1]!, workspace: values.workspace?.[0] };
      break;
  }
  throw new UsageError(`not a command: ${positionals.join(' ')}`);
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
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
