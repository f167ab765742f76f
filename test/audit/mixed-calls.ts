import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { callModern } from '../support/mcp-messages.js';
import type { SeededRandom } from '../wcgw/chaos/seeded-random.js';

type Json = Record<string, unknown>;

/** How often each kind comes. */
const WEIGHTS = { create: 6, edit: 4, outside: 1, taken: 1, read: 4, list: 2, invalid: 1, unknown: 1 };
export type MixedKind = keyof typeof WEIGHTS;

/** What a call of each kind is answered: `success`, the code of a refusal, or that of the protocol. */
export const ANSWERS: Readonly<Record<MixedKind, string | number>> = {
  create: 'success',
  edit: 'success',
  outside: 'PATH_OUTSIDE_WORKSPACE',
  taken: 'CONFLICT',
  read: 'success',
  list: 'success',
  invalid: 'INVALID_ARGUMENT',
  unknown: -32602,
};
/** Those that get as far as the method of a tool that changes something. */
export const CHANGES: ReadonlySet<MixedKind> = new Set<MixedKind>(['create', 'edit', 'outside', 'taken']);

/** At once. */
export const CALLERS = 32;
const SHARED_FILE = 'shared.txt';
/** The end of a file that edits grow. */
const END = 'end\n';

export interface AnsweredCall {
  readonly kind: MixedKind;
  readonly tool: string;
  readonly answer: string | number;
  /** Absent where the protocol refused the call. */
  readonly callId?: string;
}

/** Calls of all kinds that go on over the deaths of the server, and what was answered. */
export class MixedCalls {
  readonly answered: AnsweredCall[] = [];
  private started = 0;

  /** @param total how many calls there are to make */
  constructor(
    private readonly random: SeededRandom,
    private readonly total: number,
  ) {}

  /** What the calls want to find in a workspace. */
  static async prepare(workspace: string): Promise<void> {
    await mkdir(join(workspace, 'made'));
    await writeFile(join(workspace, SHARED_FILE), 'as it was\n');
    for (let caller = 0; caller < CALLERS; caller++) await writeFile(join(workspace, grownBy(caller)), END);
  }

  /**
   * Calls at full speed until every call is made or the server is gone.
   * @param onAnswer told how many answers there are by now, after each
   */
  async run(url: string, onAnswer: (count: number) => void): Promise<void> {
    let isGone = false;
    const call = async (caller: number): Promise<void> => {
      while (!isGone && this.started < this.total) {
        const number = ++this.started;
        const kind = this.random.weighted(WEIGHTS);
        try {
          this.answered.push(await answerTo(url, kind, number, caller));
        } catch {
          // The connection broke: nobody was told anything.
          isGone = true;
          return;
        }
        onAnswer(this.answered.length);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, (_, caller) => call(caller)));
  }
}

const grownBy = (caller: number): string => `grown-${caller}.txt`;

async function answerTo(url: string, kind: MixedKind, number: number, caller: number): Promise<AnsweredCall> {
  const [tool, args] = requestOf(kind, number, caller);
  const { result, error } = (await callModern(url, tool, args)).message;
  const meta = result?.['_meta'] as Json | undefined;
  const refusal = meta?.['mcp-software-engineer/error'] as { code: string } | undefined;
  return {
    kind,
    tool,
    answer: error?.code ?? refusal?.code ?? 'success',
    callId: meta?.['mcp-software-engineer/call_id'] as string | undefined,
  };
}

function requestOf(kind: MixedKind, number: number, caller: number): [tool: string, args: Json] {
  const create = (path: string, content: unknown = `made by ${number}\n`): [string, Json] => [
    'write_file',
    { path, content, mode: 'create' },
  ];
  switch (kind) {
    case 'create':
      return create(`made/${number}.txt`);
    case 'edit':
      return ['edit_file', { path: grownBy(caller), edits: [{ old: END, new: `${number}\n${END}` }] }];
    case 'outside':
      return create(`../${number}.txt`);
    case 'taken':
      return create(SHARED_FILE);
    case 'invalid':
      return create(`made/${number}.txt`, number);
    case 'read':
      return ['read_files', { items: [{ path: SHARED_FILE }] }];
    case 'list':
      return ['list_files', { path: '.', depth: 1 }];
    case 'unknown':
      return [`no_tool_${number}`, {}];
  }
}
