import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Attacker, type Attempt } from './attacker.js';
import type { AuditedCall, Evidence, Reply } from './evidence.js';
import { auditProblems, CHECKS, harmIn } from './harm.js';
import { InProcessServer } from './in-process-server.js';
import { SchemaJudge } from './schema-judge.js';
import { SecondClient } from './second-client.js';
import { UnsafeTools } from './unsafe.toolset.js';
import { World } from './world.js';

const LIVE_MS = 1_000;
const FIFOS = ['p1', 'p2', 'p3', 'p4'];
const world = new World();
let server: InProcessServer;
let schemas: SchemaJudge;

beforeAll(async () => {
  UnsafeTools.root = world.workspace;
  server = await InProcessServer.start({ workspace: world.workspace, toolsetClasses: [UnsafeTools] });
  schemas = await SchemaJudge.of(server.url);
});
afterAll(async () => {
  await server.stop();
  await world.dispose();
});

const unsafe = (name: string, args: unknown = {}): Attempt => ({ tool: `unsafe_${name}`, args });

async function gather(attempts: readonly Attempt[]): Promise<{ evidence: Evidence; calls: readonly AuditedCall[] }> {
  const attacker = new Attacker(server.url);
  const second = new SecondClient(server.url, LIVE_MS);
  const linesBefore = server.log().length;
  const before = { outside: world.outsideSnapshot(), git: world.gitSnapshot() };
  const { value: replies, probes } = await second.watch(() => all(attacker, attempts));
  const evidence: Evidence = {
    canaries: world.canaries,
    replies,
    probes,
    liveMs: LIVE_MS,
    outside: { before: before.outside, after: world.outsideSnapshot() },
    git: { before: before.git, after: world.gitSnapshot() },
    output: { log: JSON.stringify(server.log().slice(linesBefore)) },
    secretPaths: [world.base],
    schemaProblems: (reply) => schemas.problemsOf(reply),
  };
  return { evidence, calls: attacker.calls };
}

/** All at once; those that wait for a FIFO are let go once a second client has found nobody at home. */
async function all(attacker: Attacker, attempts: readonly Attempt[]): Promise<Reply[]> {
  const timer = setTimeout(letGo, 2 * LIVE_MS);
  try {
    return await Promise.all(attempts.map((attempt) => attacker.send(attempt)));
  } finally {
    clearTimeout(timer);
  }
}

/** Ends every read of a FIFO that somebody waits for. In this thread: the pool has no thread left for it. */
function letGo(): void {
  for (const name of FIFOS) closeSync(openSync(join(world.workspace, name), constants.O_WRONLY | constants.O_NONBLOCK));
}

describe('a check of harm', () => {
  it.each<[string, keyof typeof CHECKS, Attempt[]]>([
    ...['utf8', 'base64', 'hex', 'percent', 'reversed', 'media'].map((as): [string, 'CAN', Attempt[]] => [
      `a secret as ${as}`,
      'CAN',
      [unsafe('read', { path: '../outside/secret.txt', as })],
    ]),
    ['a secret behind a link', 'CAN', [unsafe('read', { path: 'link' })]],
    ['a secret in the log', 'CAN', [unsafe('log', { path: '../outside/secret.txt' })]],
    [
      'the name of a file outside',
      'CAN',
      [unsafe('say', { text: JSON.stringify(`there is ${world.canaries.at(-1)!.text}.txt`) })],
    ],
    ['a file made outside', 'OUT', [unsafe('write', { path: '../outside/new.txt', content: 'x' })]],
    [
      'a file changed outside, its size kept',
      'OUT',
      [unsafe('write', { path: '../outside/shared.txt', content: 'SHARED WORD\n' })],
    ],
    ['a file made through a dangling link', 'OUT', [unsafe('write', { path: 'dangling', content: 'x' })]],
    ['a file made in the home', 'OUT', [unsafe('write', { path: '../home/.cache', content: 'x' })]],
    ['a changed repository', 'GITCFG', [unsafe('write', { path: '.git/config', content: '[core]\n' })]],
    ['a hook', 'GITCFG', [unsafe('write', { path: 'sub/.git/hooks/pre-commit', content: 'x' })]],
    ['a server that waits for four FIFOs', 'LIVE', FIFOS.map((path) => unsafe('read', { path }))],
    ['an escape in a text', 'OUTP', [unsafe('say', { text: '"\\u001b[2J"' })]],
    ['a stack and a path of the machine', 'OUTP', [unsafe('fail', { path: 'nothing' })]],
  ])('sees %s', async (_what, check, attempts) => {
    const { evidence } = await gather(attempts);
    expect(CHECKS[check](evidence)).not.toEqual([]);
    expect(harmIn(evidence).every((problem) => problem.startsWith(check))).toBe(true);
  });

  it('sees no harm where none is done', async () => {
    const { evidence } = await gather([
      unsafe('read', { path: 'a.txt' }),
      unsafe('write', { path: 'a.txt', content: 'harmless\n' }),
      unsafe('say', { text: '"one\\n\\ttwo"' }),
      { tool: 'read_files', args: { items: [{ path: 'hostile.txt' }] } },
    ]);
    expect(readFileSync(join(world.workspace, 'a.txt'), 'utf8')).toBe('harmless\n');
    expect(harmIn(evidence)).toEqual([]);
  });

  it('sees text that is not UTF-8, or no JSON, and content its schema does not allow', async () => {
    const { evidence } = await gather([unsafe('read', { path: 'a.txt' })]);
    const [reply] = evidence.replies;
    const doctored = (change: Partial<Reply>): string[] => harmIn({ ...evidence, replies: [{ ...reply!, ...change }] });
    expect(doctored({ bytes: Buffer.from([0xff]) })).toEqual([expect.stringContaining('not valid UTF-8')]);
    expect(doctored({ message: undefined })).toEqual([expect.stringContaining('not JSON')]);
    expect(doctored({ message: { result: { content: [], structuredContent: { content: 7 } } } })).toEqual([
      expect.stringContaining('schema'),
    ]);
    expect(doctored({ message: { result: { content: [] } } })).toEqual([
      expect.stringContaining('no structured content'),
    ]);
    expect(doctored({ message: { result: { isError: true, structuredContent: {} } } })).toEqual([
      expect.stringContaining('error has structured'),
    ]);
  });

  it('sees an audit that forges, forgets, repeats or lies', async () => {
    const start = server.log().length;
    const { calls } = await gather([
      unsafe('read', { path: 'a.txt' }),
      { tool: 'write_file', args: { path: 'audited.txt', content: 'x' } },
    ]);
    const log = server
      .log()
      .slice(start)
      .filter(({ operation }) => operation !== 'list_files');
    const judge = (lines: typeof log): string[] => auditProblems(lines, calls, schemas.changing);
    expect(judge(log)).toEqual([]);
    const outcome = log.findIndex(({ phase }) => phase === 'outcome');
    const intent = log.findIndex(({ phase }) => phase === 'intent');
    expect(judge(log.toSpliced(outcome, 1))).not.toEqual([]);
    expect(judge([...log, log[outcome]!])).not.toEqual([]);
    expect(judge(log.with(outcome, { ...log[outcome], decision: 'NOT_FOUND' }))).not.toEqual([]);
    expect(judge(log.with(outcome, { ...log[outcome], operation: 'other' }))).not.toEqual([]);
    expect(judge(log.toSpliced(intent, 1))).toEqual([
      '{"tool":"write_file","args":{"path":"audited.txt","content":"x"}}: 0 intents in the audit',
    ]);
    const from = server.log().length;
    const forged = await gather([unsafe('forge')]);
    const lines = server
      .log()
      .slice(from)
      .filter(({ operation }) => operation !== 'list_files');
    expect(auditProblems(lines, forged.calls, schemas.changing)).toEqual([
      expect.stringContaining('2 outcomes'),
      expect.stringContaining('2 times tool success'),
    ]);
  });
});
