import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MetricRegistry } from '@app/metrics';
import { Dispatcher, OperationRegistry } from '@app/pipeline';
import { ALICE, breakMethod, faults, injected } from '@app/testing';
import { InProcessServer } from '../security/in-process-server.js';
import { MODULE_FAULTS, problemsOf } from './module-faults.js';
import { outboundCalls } from './outbound-calls.js';
import { OUTBOUND_POLICIES } from './outbound-policies.js';
import { OutboundWatch, type SeenOutbound } from './outbound-watch.js';
import { modulesIn, productFiles, ROOT, sourceOf } from './sources.js';
import { StagedServer } from './staged-server.js';

const read = (file: string): string | undefined => (existsSync(join(ROOT, file)) ? sourceOf(file) : undefined);

describe('every module of the server', () => {
  const files = productFiles('libs', 'apps');
  const modules = files.flatMap((file) => modulesIn(sourceOf(file)));

  it('is found: each file of that name has one, and no name stands for two', () => {
    const named = files.filter((file) => file.endsWith('.module.ts'));
    expect(named.filter((file) => modulesIn(sourceOf(file)).length === 0)).toEqual([]);
    expect(named.length).toBeGreaterThanOrEqual(9);
    expect(new Set(modules).size).toBe(modules.length);
  });

  it.each(modules)('%s has a test that makes it fail', (module) => {
    expect(problemsOf(module, MODULE_FAULTS[module], read)).toEqual([]);
  });

  it('is there: the table names none that is gone', () => {
    expect(Object.keys(MODULE_FAULTS).sort()).toEqual([...modules].sort());
  });

  it('would be missed without an entry, with a file that is gone, or with words nobody says', () => {
    const one = { file: 'x.spec.ts', failure: 'hang', mitigation: 'deadline' };
    const saying = (text: string) => () => text;
    expect(problemsOf('NewModule', undefined, read)).toEqual(['no test makes NewModule fail']);
    expect(problemsOf('NewModule', [], read)).toHaveLength(1);
    expect(problemsOf('NewModule', [one], read)).toEqual(['NewModule: there is no x.spec.ts']);
    expect(problemsOf('NewModule', [one], saying("it('hang → deadline', …"))).toHaveLength(1);
    const title = (failure: string, mitigation: string): string =>
      `injected${`(\n  '${failure}',\n  '${mitigation}')`}`;
    expect(problemsOf('NewModule', [one], saying(title('hang', 'breaker')))).toHaveLength(1);
    expect(problemsOf('NewModule', [one], saying(title('hang', 'deadline')))).toEqual([]);
    expect(modulesIn('@Module({ providers: [] })\nexport class PlantedModule {}')).toEqual(['PlantedModule']);
  });
});

describe('the probes and the numbers', () => {
  let server: StagedServer;
  beforeEach(async () => {
    server = await StagedServer.start();
  });
  afterEach(() => server.stop());
  const get = (path: string) => fetch(server.url.replace('/mcp', path));

  it(
    injected(
      'broken metrics',
      'MetricsController',
      'are told as a failure without detail, while calls and probes go on',
    ),
    async () => {
      const registry = server.probe.get(MetricRegistry);
      const mend = breakMethod(registry, 'text', () =>
        Promise.reject(new Error('the collector in /srv/app is broken')),
      );
      const answer = await get('/metrics');
      expect([answer.status, await answer.text()]).toEqual([500, expect.not.stringMatching(/collector|srv/)]);
      expect((await get('/health/live')).status).toBe(200);
      expect((await server.call('read_plain')).end).toBe('success');
      mend();
      const mended = await get('/metrics');
      expect([mended.status, await mended.text()]).toEqual([200, expect.stringContaining('read_plain')]);
    },
  );

  it(
    injected('hang', 'HealthController', 'no probe waits for what hangs: the process answers all the same'),
    async () => {
      const gone = new AbortController();
      server.probe.inject('read_narrow', faults.hang());
      const hanging = server.call('read_narrow', { key: 'a' }, undefined, gone.signal).catch(() => undefined);
      while ((await server.probe.held()).calls === 0) await new Promise((next) => setImmediate(next));
      expect((await get('/health/live')).status).toBe(200);
      // Nobody has said that this server may be sent work.
      expect((await get('/health/ready')).status).toBe(503);
      expect((await server.probe.held()).calls).toBe(1);
      gone.abort();
      await hanging;
      await server.probe.settled();
    },
  );
});

describe('what reaches out of the process', () => {
  const places = productFiles('libs', 'apps').flatMap((file) =>
    outboundCalls(sourceOf(file)).map((call) => `${file}: ${call}`),
  );

  it('is in the table of policies, every place of it, and nothing else is', () => {
    expect(places.sort()).toEqual(OUTBOUND_POLICIES.map(({ file, call }) => `${file}: ${call}`).sort());
  });

  it.each(OUTBOUND_POLICIES)('$file: $call has its policy in force, and a test that shows it', (each) => {
    const { stands, shown, onlyFor, file } = each;
    expect(stands.words.filter((words) => !read(stands.file)?.includes(words))).toEqual([]);
    expect(read(shown.file) ?? '').toContain(shown.title);
    if (onlyFor === undefined) return;
    const name = file.split('/').at(-1)!.replace(/\.ts$/, '.js');
    const users = productFiles('libs', 'apps').filter((other) => sourceOf(other).includes(`/${name}'`));
    expect(users).toEqual([onlyFor]);
  });

  it.each<[planted: string, found: string[]]>([
    ["await fetch('http://x');", ['fetch']],
    ["await globalThis.fetch('http://x');", ['fetch']],
    ["const socket = new WebSocket('ws://x');", ['new WebSocket']],
    ["import { request } from 'node:http'; request('http://x');", ['request']],
    ["import { get as ask } from 'https'; ask('https://x');", ['get']],
    ["import https from 'node:https'; https.get('https://x');", ['https.get']],
    ["import * as net from 'node:net'; net.connect(1); new net.Socket();", ['net.connect', 'new net.Socket']],
    ["import { connect } from 'node:tls'; connect(1);", ['connect']],
    ["import dns from 'node:dns/promises'; await dns.lookup('x');", ['dns.lookup']],
    ["import { lookup, resolve4 } from 'node:dns'; lookup('x'); resolve4('x');", ['lookup', 'resolve4']],
    ["import { exec, fork } from 'node:child_process'; fork('x'); promisify(exec);", ['fork', 'exec handed on']],
    ["import { spawn } from 'node:child_process'; spawn('a'); spawn('b');", ['spawn', 'spawn']],
    [
      "const { execFile } = await import('node:child_process'); execFile('x');",
      ["import('node:child_process')", 'execFile'],
    ],
    ["const cp = require('child_process'); cp.execSync('x');", ["import('child_process')", 'cp.execSync']],
    ["import { Pool } from 'undici'; new Pool('http://x');", ['new Pool']],
    ["import axios from 'axios'; axios('http://x'); axios.get('http://x');", ['axios', 'axios.get']],
    ['await import(name);', ["import('name')"]],
    ["export { spawn } from 'node:child_process';", ["export from 'node:child_process'"]],
  ])('is found where it is planted: %s', (planted, found) => {
    expect(outboundCalls(planted).sort()).toEqual([...found].sort());
  });

  it.each([
    "import { createServer } from 'node:http'; createServer();",
    "import type { Socket } from 'node:net'; let socket: Socket;",
    "import { type ChildProcess } from 'node:child_process'; let child: ChildProcess;",
    "// await fetch('http://x')\nconst text = \"spawn('ls')\";",
    "const found = /x/.exec('x'); cache.fetch('key'); library.spawn('x');",
  ])('is not found where nothing reaches out: %s', (source) => {
    expect(outboundCalls(source)).toEqual([]);
  });
});

describe('while the server runs', () => {
  let workspace: string;
  let server: InProcessServer;
  let watch: OutboundWatch;
  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'wcgw-'));
    await writeFile(join(workspace, 'a.txt'), 'a needle\n');
    watch = new OutboundWatch();
    server = await InProcessServer.start({ workspace });
  });
  afterEach(async () => {
    watch.stop();
    await server.stop();
    await rm(workspace, { recursive: true, force: true });
  });

  /** What was begun in no place of the table. */
  const unlisted = (): SeenOutbound[] =>
    watch.seen.filter(({ stack }) => !OUTBOUND_POLICIES.some(({ file }) => stack.includes(file)));
  const CALLS: Readonly<Record<string, object>> = {
    workspace_info: {},
    list_files: { path: '.' },
    read_files: { items: [{ path: 'a.txt' }] },
    search_text: { query: 'needle' },
    write_file: { path: 'b.txt', content: 'b needle\n' },
    edit_file: { path: 'a.txt', edits: [{ old: 'needle', new: 'thread' }] },
  };

  it('no tool reaches out but where a policy is in force', async () => {
    const tools = server.probe
      .get(OperationRegistry)
      .toolDefinitions()
      .map(({ name }) => name);
    expect(Object.keys(CALLS).sort()).toEqual([...tools].sort());
    for (const name of tools) {
      const client = { progress: () => undefined, log: () => undefined };
      const outcome = await server.probe.get(Dispatcher).callTool(name, CALLS[name], { principal: ALICE, client });
      expect([name, outcome.kind]).toEqual([name, 'success']);
    }
    expect(unlisted()).toEqual([]);
    // A watch that sees nothing would find nothing.
    expect(watch.seen.map(({ type }) => type)).toContain('PROCESSWRAP');
  });

  it('the watch sees a child and a connection that nobody has listed', async () => {
    await new Promise((done) => execFile('/bin/true', done));
    await new Promise((done) => connect(1, '127.0.0.1').once('error', done));
    expect(unlisted().map(({ type }) => type)).toEqual(['PROCESSWRAP', 'TCPCONNECTWRAP']);
  });
});
