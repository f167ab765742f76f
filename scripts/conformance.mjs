// npm run conformance: the official suite of the protocol against a running server, in both eras.
// `--built` skips install and build; `--json FILE` also writes the results there.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildTestServer, environment, install, root, runtime } from './workspace.mjs';

const SUITE = join(root, 'node_modules/@modelcontextprotocol/conformance');
const START_MS = 20_000;
const RUN_MS = 90_000;
const STOP_MS = 10_000;

/** What the suite runs without scoring it, and this server passes all the same: as binding here as what is scored. */
const ALSO_REQUIRED = {
  '2026-07-28': [
    'tasks-lifecycle',
    'tasks-capability-negotiation',
    'tasks-wire-fields',
    'tasks-request-state-removal',
    'tasks-mrtr-input',
    'tasks-request-headers',
    'tasks-dispatch-and-envelope',
    'tasks-required-task-error',
    'tasks-mrtr-composition',
    'json-schema-2020-12',
    'http-header-validation',
    'http-custom-header-server-validation',
  ],
  '2025-11-25': ['server-session-lifecycle', 'json-schema-2020-12', 'server-sse-polling'],
};

/** Names of the scored server scenarios: the list `server:` of the suite's own file. */
async function scoredOf(revision) {
  const text = await readFile(join(SUITE, 'requirements', `${revision}.yaml`), 'utf8');
  const list = /^server:\n((?: {2}- .+\n)+)/m.exec(text);
  if (list === null) throw new Error(`the requirements of ${revision} have no list of server scenarios`);
  return list[1]
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\s*- /, ''));
}

async function startServer(folder) {
  const args = [
    join(root, 'dist-test/test/server/main.js'),
    'conformance',
    '--port',
    '0',
    '--workspace',
    `ws=${folder}`,
  ];
  const env = environment({ LOG_LEVEL: 'warn', DRAIN_TIMEOUT_MS: '2000' });
  const server = spawn(runtime(), args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const signal of ['SIGTERM', 'SIGINT'])
    process.once(signal, () => {
      server.kill('SIGKILL');
      process.exit(1);
    });
  let said = '';
  for (const stream of [server.stdout, server.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-20_000)));
  for (const startedAt = Date.now(); Date.now() - startedAt < START_MS && server.exitCode === null; await wait(50)) {
    const url = /listening at (http:\S+)/.exec(said)?.[1];
    if (url !== undefined) return { server, url, said: () => said };
  }
  server.kill('SIGKILL');
  throw new Error(`the server did not start:\n${said}`);
}

async function stopServer(server) {
  if (server.exitCode !== null) return;
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  const late = setTimeout(() => server.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(late);
}

/** Runs every scenario of a revision. @returns the suite's own verdict and what it wrote, by scenario. */
async function runSuite(revision, url, folder) {
  const out = join(folder, revision);
  const args = [join(SUITE, 'dist/index.js'), 'server', '--url', url, '--requirements', revision, '-o', out];
  const suite = spawn(runtime(), args, {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS,
  });
  let said = '';
  for (const stream of [suite.stdout, suite.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const [code] = await once(suite, 'close');
  const checks = new Map();
  for (const entry of await readdir(out).catch(() => [])) {
    const name = /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/.exec(entry)?.[1];
    if (name !== undefined) checks.set(name, JSON.parse(await readFile(join(out, entry, 'checks.json'), 'utf8')));
  }
  return { passed: code === 0, said, checks };
}

/** A required scenario ran, something in it succeeded, and nothing in it failed or was warned about. */
function judge(revision, name, kind, checks = []) {
  const count = (status) => checks.filter((check) => check.status === status).length;
  const bad = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
  const reasons = bad.map(({ status, id, errorMessage }) => `${status} ${id}: ${errorMessage ?? ''}`);
  if (kind !== 'reported' && count('SUCCESS') === 0) reasons.push('nothing in it succeeded');
  const failed = kind !== 'reported' && reasons.length > 0;
  return {
    revision,
    scenario: name,
    kind,
    passed: count('SUCCESS'),
    failed: bad.length,
    skipped: count('SKIPPED'),
    ok: !failed,
    reasons,
  };
}

async function conform(revision, url, folder) {
  const { passed, said, checks } = await runSuite(revision, url, folder);
  const scored = await scoredOf(revision);
  const also = ALSO_REQUIRED[revision];
  const reported = [...checks.keys()].filter((name) => !scored.includes(name) && !also.includes(name));
  const kinds = { scored, also, reported };
  const results = Object.entries(kinds).flatMap(([kind, names]) =>
    names.map((name) => judge(revision, name, kind, checks.get(name))),
  );
  if (!passed && results.every(({ ok }) => ok))
    throw new Error(`the suite failed for ${revision} without a failing scenario:\n${said}`);
  return results;
}

function print(results) {
  for (const { revision, scenario, kind, passed, failed, skipped, ok, reasons } of results) {
    const verdict = ok ? (passed === 0 ? 'skip' : 'ok  ') : 'FAIL';
    console.log(
      `${verdict}  ${revision}  ${scenario.padEnd(46)} ${kind.padEnd(8)} ${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`,
    );
    if (!ok) for (const reason of reasons) console.log(`      ${reason}`);
  }
  for (const revision of Object.keys(ALSO_REQUIRED)) {
    const tally = (kind) => {
      const all = results.filter((result) => result.revision === revision && result.kind === kind);
      return `${all.filter(({ ok }) => ok).length}/${all.length}`;
    };
    console.log(`${revision}: ${tally('scored')} scored, ${tally('also')} of the others`);
  }
}

const argument = (name) => process.argv[process.argv.indexOf(name) + 1];
if (!process.argv.includes('--built')) {
  install();
  buildTestServer();
}
const folder = await mkdtemp(join(tmpdir(), 'conformance-'));
try {
  const { server, url, said } = await startServer(folder);
  try {
    const results = [];
    for (const revision of Object.keys(ALSO_REQUIRED)) results.push(...(await conform(revision, url, folder)));
    print(results);
    if (process.argv.includes('--json')) await writeFile(argument('--json'), JSON.stringify(results));
    if (results.some(({ ok }) => !ok)) {
      console.error(`\nWhat the server said last:\n${said()}`);
      process.exitCode = 1;
    }
  } finally {
    await stopServer(server);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
