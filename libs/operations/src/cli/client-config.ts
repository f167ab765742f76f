/** How a client starts this server. */
export interface Launch {
  /** Absolute path of the Node binary. */
  readonly node: string;
  /** Absolute path of the bin script. */
  readonly script: string;
  /** `[NAME=]DIR`, each with an absolute folder. */
  readonly workspaces: readonly string[];
}

export const CLIENTS = ['claude-code', 'cursor', 'vscode'] as const;
export type ClientName = (typeof CLIENTS)[number];

const NAME = 'mcp-software-engineer';

/** The text a user puts into a client's configuration, or runs, to connect it over stdio. Starts node itself, so no npm banner reaches stdout. */
export function clientConfig(client: ClientName, { node, script, workspaces }: Launch): string {
  const entry = {
    command: node,
    args: [script, '--stdio', ...workspaces.flatMap((workspace) => ['--workspace', workspace])],
  };
  switch (client) {
    case 'claude-code':
      return `claude mcp add ${NAME} -- ${[entry.command, ...entry.args].map(shellQuote).join(' ')}`;
    case 'cursor':
      return JSON.stringify({ mcpServers: { [NAME]: entry } }, null, 2);
    case 'vscode':
      return JSON.stringify({ servers: { [NAME]: { type: 'stdio', ...entry } } }, null, 2);
  }
}

const shellQuote = (word: string): string => (/^[\w./=:@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
