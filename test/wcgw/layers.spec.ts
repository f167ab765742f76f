import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InProcessServer } from '../security/in-process-server.js';
import { modernRequest } from '../support/mcp-messages.js';
import { type BadRequest, badRequests } from './bad-requests.js';
import { GOOD_CALLS, type GoodCall } from './good-calls.js';
import { LAYERS_OFF, NO_TOOL_LIMITS } from './layers-off.js';
import { TrappedWorkspace } from './trapped-workspace.js';

const workspace = new TrappedWorkspace();
const CORPUS = badRequests(workspace.base);
const KINDS = [...new Set(CORPUS.map(({ kind }) => kind))];
/** Nobody counts how often a call fails: a request is judged by what it is. */
const LIMITS = { sameFailures: 1_000_000 };
/** Of what is bad, in every hundred, what must be refused whichever layer is gone. */
const STILL_REFUSED = 90;
const MINUTES_MS = 240_000;

let server: InProcessServer;
const rows: string[] = [];
beforeAll(async () => {
  server = await InProcessServer.start({ workspace: workspace.path, limits: LIMITS });
});
afterAll(async () => {
  await server.stop();
  workspace.dispose();
  const head = ['without', 'refused', 'harm', 'INTERNAL', ...KINDS].join(' | ');
  process.stdout.write(`${CORPUS.length} bad requests; by kind: those that got through\n${head}\n${rows.join('\n')}\n`);
});

/** What became of one request. */
interface Fate {
  readonly request: BadRequest;
  /** The code of a tool's failure, the number of a protocol error, or the status; nothing when it was not refused. */
  readonly refusal?: string;
  readonly harm: readonly string[];
}

function refusalOf(status: number, text: string): string | undefined {
  if (status >= 400) return `HTTP ${status}`;
  const event = text.split('\n').findLast((line) => line.startsWith('data: '));
  const { error, result } = JSON.parse(event?.slice('data: '.length) ?? text) as {
    error?: { code: number };
    result?: { isError?: boolean; content: { text: string }[] };
  };
  if (error !== undefined) return String(error.code);
  return result?.isError === true ? /^[A-Z_]+/.exec(result.content[0]!.text)![0] : undefined;
}

/** Sends one request and looks at what it did. */
async function fateOf(url: string, request: BadRequest): Promise<Fate> {
  const { headers, body } = request;
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  return { request, refusal: refusalOf(response.status, text), harm: workspace.harm(text) };
}

async function fates(url: string): Promise<Fate[]> {
  const found: Fate[] = [];
  for (const request of CORPUS) found.push(await fateOf(url, request));
  return found;
}

const gotThrough = (all: readonly Fate[]): Fate[] =>
  all.filter(({ refusal, harm }) => refusal === undefined || harm.length > 0);
/** What happened to anything that is not in the workspace. */
const escapes = (all: readonly Fate[]): string[] =>
  all.filter(({ harm }) => harm.some((each) => !each.startsWith(`${workspace.path}/`))).map(spelled);
const spelled = ({ request: { kind, what }, harm }: Fate): string =>
  `${kind}: ${what}${harm.length > 0 ? `, and ${harm[0]!.replace(workspace.base, '').slice(0, 60)}` : ''}`;

/** What got through. The row of the table has all that was seen. */
function judge(without: string, all: readonly Fate[]): { percent: number; through: string[] } {
  const through = gotThrough(all);
  const percent = (100 * (all.length - through.length)) / all.length;
  const harmful = all.filter(({ harm }) => harm.length > 0).length;
  const internal = all.filter(({ refusal }) => refusal === 'INTERNAL').length;
  const counts = KINDS.map((kind) => through.filter(({ request }) => request.kind === kind).length);
  rows.push([without, `${percent.toFixed(1)} %`, harmful, internal, ...counts].join(' | '));
  return { percent, through: through.map(spelled) };
}

describe('the bad requests', () => {
  it('are at least 300, as many of each kind, and no two are the same', () => {
    expect(CORPUS.length).toBeGreaterThanOrEqual(300);
    expect(KINDS.length).toBeGreaterThanOrEqual(12);
    for (const kind of KINDS)
      expect([kind, CORPUS.filter((each) => each.kind === kind).length]).toEqual([kind, CORPUS.length / KINDS.length]);
    const said = CORPUS.map(({ headers, body }) => JSON.stringify(headers) + String(body));
    expect(new Set(said).size).toBe(CORPUS.length);
  });

  it.each(Object.keys(GOOD_CALLS) as GoodCall[])('are made from calls that succeed: %s', async (call) => {
    const { tool, args } = GOOD_CALLS[call];
    const { headers, body } = modernRequest('tools/call', { name: tool, arguments: args });
    expect(await fateOf(server.url, { kind: 'good', what: call, headers, body })).toMatchObject({ refusal: undefined });
  });
});

describe('the layers', () => {
  const allOn = async (): Promise<void> => {
    const all = await fates(server.url);
    expect(gotThrough(all).map(spelled)).toEqual([]);
    expect(all.filter(({ refusal }) => refusal === 'INTERNAL').map(spelled)).toEqual([]);
  };
  const holds = (without: string, all: readonly Fate[]): void => {
    const { percent, through } = judge(without, all);
    // A layer without which nothing changes was not taken away. Without the tool's schema the pipeline runs no method.
    const asDefect = all.filter(({ refusal }) => refusal === 'INTERNAL');
    expect(through.length + asDefect.length).toBeGreaterThan(0);
    // That a link leads out is nothing a text can tell: only the file tree knows.
    if (without !== 'the file tree') expect(escapes(all)).toEqual([]);
    expect({ without, ...(percent < STILL_REFUSED && { percent, through }) }).toEqual({ without });
  };

  it('all together refuse every one, and none as a defect', () => allOn(), MINUTES_MS);

  it.each(Object.keys(LAYERS_OFF))(
    'without %s still refuse nine of ten',
    async (layer) => {
      const putBack = LAYERS_OFF[layer]!();
      try {
        holds(layer, await fates(server.url));
      } finally {
        putBack();
      }
    },
    MINUTES_MS,
  );

  it(
    'without the limits of the tools still refuse nine of ten',
    async () => {
      const limits = { ...LIMITS, ...NO_TOOL_LIMITS };
      const boundless = await InProcessServer.start({ workspace: workspace.path, limits });
      try {
        holds('the limits of the tools', await fates(boundless.url));
      } finally {
        await boundless.stop();
      }
    },
    MINUTES_MS,
  );

  it('were put back: all together refuse every one again', () => allOn(), MINUTES_MS);
});
