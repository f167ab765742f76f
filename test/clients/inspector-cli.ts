import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import {
  type AgentClient,
  type Json,
  type ListedTool,
  promptText,
  type ResourceText,
  type ToolAnswer,
  toolAnswer,
} from './agent-client.js';

const LAUNCHER = join(
  import.meta.dirname,
  '../../node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js',
);
/** Processes at one time: each of them takes a core, and other tests want some too. */
const AT_ONCE = 2;
/** What the command line leaves with when the tool's own answer is a failure. */
const TOOL_FAILED = 5;

export interface InspectorTarget {
  /** A URL, or a command with its arguments. */
  readonly target: readonly string[];
  readonly era: 'legacy' | 'modern';
  /** Where it keeps its files. */
  readonly home: string;
  readonly env?: Record<string, string>;
}

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The Inspector's command line: a process, a connection and a handshake of its own for every request. */
export class InspectorCli implements AgentClient {
  private readonly lanes: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  private asked = 0;

  constructor(private readonly options: InspectorTarget) {}

  /** Lists the tools under `--strict`, which checks every schema and fails for an error in one. */
  async tools(): Promise<ListedTool[]> {
    const { result, err } = await this.ask('tools/list', '--strict');
    if (err !== '') throw new Error(`the Inspector complains of the tools: ${err}`);
    return result['tools'] as ListedTool[];
  }
  async call(name: string, args: Json): Promise<ToolAnswer> {
    const { result } = await this.ask('tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(args));
    return toolAnswer(result);
  }
  async prompts(): Promise<string[]> {
    const { result } = await this.ask('prompts/list');
    return (result['prompts'] as { name: string }[]).map(({ name }) => name);
  }
  async prompt(name: string, args: Record<string, string>): Promise<string> {
    const pairs = Object.entries(args).map(([key, value]) => `${key}=${value}`);
    const { result } = await this.ask('prompts/get', '--prompt-name', name, '--prompt-args', ...pairs);
    return promptText(result);
  }
  async resources(): Promise<string[]> {
    const { result } = await this.ask('resources/list');
    return (result['resources'] as { uri: string }[]).map(({ uri }) => uri);
  }
  async templates(): Promise<string[]> {
    const { result } = await this.ask('resources/templates/list');
    return (result['resourceTemplates'] as { uriTemplate: string }[]).map(({ uriTemplate }) => uriTemplate);
  }
  async read(uri: string): Promise<ResourceText[]> {
    const { result } = await this.ask('resources/read', '--uri', uri);
    return result['contents'] as ResourceText[];
  }
  async close(): Promise<void> {
    // Nothing stays open between two requests.
  }

  private async ask(method: string, ...args: string[]): Promise<{ result: Json; err: string }> {
    const { code, out, err } = await this.inTurn(() => this.run([...this.options.target, '--method', method, ...args]));
    if (code !== 0 && code !== TOOL_FAILED) throw new Error(`the Inspector left with ${code} after ${method}: ${err}`);
    return { result: (JSON.parse(out) as { result: Json }).result, err };
  }

  private inTurn(work: () => Promise<Run>): Promise<Run> {
    const lane = this.asked++ % AT_ONCE;
    const mine = this.lanes[lane]!.then(work);
    this.lanes[lane] = mine.catch(() => 'told to whoever asked');
    return mine;
  }

  private async run(args: readonly string[]): Promise<Run> {
    const { era, home, env } = this.options;
    const fixed = ['--cli', '--protocol-era', era, '--format', 'json', '--quiet'];
    const child = spawn(process.execPath, [LAUNCHER, ...fixed, ...args], {
      cwd: home,
      env: {
        PATH: process.env['PATH'],
        HOME: home,
        MCP_INSPECTOR_SECRET_STORE: 'memory',
        // Its bundle is compiled by every one of these processes; this spares a quarter of their time.
        NODE_COMPILE_CACHE: join(home, 'compiled'),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, out, err };
  }
}
