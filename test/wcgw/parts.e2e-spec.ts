import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AppLog, createRootLogger } from '@app/logging';
import { ServerError } from '@app/mcp';
import { CallMetrics, MetricRegistry } from '@app/metrics';
import { Admission } from '@app/pipeline';
import { ALICE, faults, injected, TestKit } from '@app/testing';
import { RipgrepBinary } from '../../libs/tools/src/search/ripgrep-binary.js';
import { Readiness } from '@app/operations';
import { ToolsModule } from '@app/tools';
import { Lifecycle } from '../../apps/server/src/lifecycle.js';
import { modernRequest, post } from '../support/mcp-messages.js';
import { StagedServer } from './staged-server.js';
import { StagedTools } from './staged.toolset.js';

describe('tools on files', () => {
  let workspace: string;
  let kit: TestKit;
  beforeEach(async () => {
    workspace = await mkdtemp(join(tmpdir(), 'wcgw-'));
    kit = await TestKit.start({ workspace, toolsetClasses: [], imports: [ToolsModule] });
  });
  afterEach(async () => {
    await kit.stop();
    await rm(workspace, { recursive: true, force: true });
  });

  it(
    injected('partial write', 'TemporaryFile', 'a write that breaks in the middle leaves the file as it was'),
    async () => {
      await writeFile(join(workspace, 'a.txt'), 'old content');
      const handle = await open(join(workspace, 'a.txt'));
      const prototype = Object.getPrototypeOf(handle) as { write: (...args: unknown[]) => Promise<unknown> };
      await handle.close();
      const { write } = prototype;
      let written = 0;
      prototype.write = async function (this: unknown, data: unknown, offset: unknown, _length: unknown, at: unknown) {
        if (written++ > 0) throw Object.assign(new Error('disk trouble'), { code: 'EIO' });
        return write.call(this, data, offset, 100, at);
      };
      try {
        const failure = await kit.fail('write_file', {
          path: 'a.txt',
          content: 'x'.repeat(10_000),
          mode: 'overwrite',
          if_match: OLD,
        });
        expect([failure.code, written]).toEqual(['INTERNAL', 2]);
      } finally {
        prototype.write = write;
      }
      expect(await readFile(join(workspace, 'a.txt'), 'utf8')).toBe('old content');
      expect(await readdir(workspace)).toEqual(['a.txt']);
    },
  );

  it(
    injected('dependency down', 'SearchEngines', 'without its program the search goes on, slower, and says so'),
    async () => {
      await writeFile(join(workspace, 'a.txt'), 'a needle\n');
      kit.get(RipgrepBinary).path = () => Promise.resolve(undefined);
      expect(await kit.succeed('search_text', { query: 'needle' })).toMatchObject({
        total_matches: 1,
        engine: 'fallback',
      });
    },
  );
});

/** sha256 of `old content`. */
const OLD = '34a780ad578b997db55b260beb60b501f3e04d30ba1a51fcf43cd8dd1241780d';

describe('stage principal', () => {
  it(injected('no identity', 'principal', 'no call runs without a caller of full shape'), async () => {
    const kit = await TestKit.start({ toolsetClasses: [StagedTools] });
    for (const gap of [{ subject: '' }, { tenant: '' }, { scopes: undefined }])
      expect((await kit.fail('change_thing', { key: 'a' }, { principal: { ...ALICE, ...gap } as never })).code).toBe(
        'UNAUTHENTICATED',
      );
    expect(kit.get(StagedTools).effects).toEqual([]);
    await kit.stop();
  });
});

describe('a dependency that fails', () => {
  const outage = async (): Promise<{ others: string[]; held: unknown }> => {
    const server = await StagedServer.start();
    server.probe.inject('read_upstream', faults.hang());
    const failing = Array.from({ length: 100 }, (_, call) => server.call('read_upstream', { key: String(call) }));
    const others = [];
    for (let call = 0; call < 200; call++) others.push((await server.call('read_plain', { key: String(call) })).end);
    await Promise.all(failing);
    await server.probe.settled();
    const held = await server.probe.held();
    await server.stop();
    return { others, held };
  };

  it(injected('cascading failure', 'bulkhead', 'leaves tools that do not need it as they were'), async () => {
    const { others, held } = await outage();
    expect(others.filter((end) => end !== 'success')).toEqual([]);
    expect(held).toMatchObject({ calls: 0, overdue: 0, places: 0, waiting: 0 });
  });

  it(injected('cascading failure', 'breaker', 'is left alone while it fails'), async () => {
    const server = await StagedServer.start();
    let reached = 0;
    server.probe.inject('read_upstream', async () => {
      reached++;
      throw new ServerError('CONNECTION_FAILED', 'Down.');
    });
    for (let call = 0; call < 50; call++) await server.call('read_upstream', { key: String(call) });
    expect(reached).toBe(4);
    await server.stop();
  });
});

describe('errors', () => {
  it(
    injected(
      'lost context of an error',
      'AppLog',
      'the chain of causes is in the log with the call id, and not with the caller',
    ),
    async () => {
      const server = await StagedServer.start();
      const root = new Error('the socket /var/run/secret.sock is gone');
      server.probe.inject(
        'read_plain',
        faults.failForever(() => new Error('the query failed', { cause: root })),
      );
      const told = await server.call('read_plain');
      expect([told.end, told.text]).toEqual(['INTERNAL', expect.not.stringMatching(/query|secret|\.ts/)]);
      const line = server.log().find((each) => each['call_id'] === told.callId);
      expect(JSON.stringify(line)).toMatch(/the query failed.*secret\.sock/);
      await server.stop();
    },
  );

  it(
    injected(
      'silent failure',
      'Lifecycle',
      'an error outside of any call is logged and counted, drains the server and ends it with 70',
    ),
    async () => {
      const lines: string[] = [];
      const root = createRootLogger(
        { level: 'info', format: 'json', stream: 'stderr' },
        { write: (text) => void lines.push(text) },
      );
      const kit = await TestKit.start({ toolsetClasses: [StagedTools], imports: [], providers: [Readiness] });
      const before = new Set(process.listeners('unhandledRejection'));
      const exit = jest.spyOn(process, 'exit').mockImplementation((() => undefined) as never);
      const app = { get: (type: never) => kit.get(type), close: () => kit.stop() };
      const settings = { preStopMs: 0, drainTimeoutMs: 1_000, transport: 'stdio' };
      const lifecycle = new Lifecycle(
        app as never,
        settings as never,
        new AppLog(root.logger),
        root,
        async () => undefined,
      );
      const added = new Map<string, (...args: never[]) => void>();
      const on = jest.spyOn(process, 'on').mockImplementation(((
        event: string,
        listener: (...args: never[]) => void,
      ) => {
        added.set(event, listener);
        return process;
      }) as never);
      lifecycle.install(() => undefined);
      on.mockRestore();
      const registry = kit.get(MetricRegistry);
      added.get('unhandledRejection')!(new Error('nobody caught this') as never);
      expect(kit.get(Admission).isDraining || kit.get(Readiness).state() === 'draining').toBe(true);
      while (exit.mock.calls.length === 0) await new Promise((next) => setTimeout(next, 5));
      expect(exit).toHaveBeenCalledWith(70);
      expect(lines.join()).toContain('nobody caught this');
      expect(await registry.text()).toContain('wcgw_unhandled_errors_total 1');
      expect(process.listeners('unhandledRejection').filter((listener) => !before.has(listener))).toEqual([]);
      exit.mockRestore();
    },
  );
});

describe('the edge', () => {
  it(injected('foreign web page', 'OriginRules'), async () => {
    const server = await StagedServer.start();
    const { headers, body } = modernRequest('tools/call', { name: 'change_thing', arguments: { key: 'a' } });
    expect((await post(server.url, body, { ...headers, origin: 'https://evil.example' })).status).toBe(403);
    expect(server.tools.effects).toEqual([]);
    await server.stop();
  });

  it(injected('body flood', 'BodyBudget'), async () => {
    const server = await StagedServer.start({ limits: { bodyBytes: 10_000 } });
    const { headers, body } = modernRequest('tools/call', {
      name: 'change_thing',
      arguments: { key: 'x'.repeat(20_000) },
    });
    expect((await post(server.url, body, headers)).status).toBe(413);
    await server.stop();
  });
});

describe('measuring', () => {
  it(
    injected(
      'unmeasured call',
      'CallMetrics',
      'every call has a count, an outcome and a duration without its author doing anything',
    ),
    async () => {
      const server = await StagedServer.start();
      await server.call('read_plain');
      expect(server.probe.get(CallMetrics)).toBeDefined();
      const counts = ['wcgw_calls_total', 'wcgw_call_outcomes_total'].map((name) =>
        server.probe.metric(name, { operation: 'read_plain' }),
      );
      expect(await Promise.all(counts)).toEqual([1, 1]);
      const { port } = new URL(server.url);
      const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      expect(page).toContain('wcgw_call_duration_seconds_count{kind="tool",operation="read_plain"} 1');
      await server.stop();
    },
  );
});
