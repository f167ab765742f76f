// Echo through the whole server beside the SDK's own handler and bare node:http: the same work, in one run, in turn.
// One processor serves, the others make the load. Prints a table and, with a file name, writes it as a document.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    write: { type: 'string' },
    minimum: { type: 'string' },
  },
});
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const pins = cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0;
if (pins) spawnSync('taskset', ['-apc', `1-${cpus().length - 1}`, String(process.pid)]);

const contenders = {
  'node:http': [here('./peers/raw-http.mjs')],
  'SDK v2': [here('./peers/sdk-v2.mjs')],
  'this server': [here('../../dist-test/test/server/main.js'), 'fixtures', '--http'],
};

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

const headers = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': 'echo',
};
const body = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: 'echo',
    arguments: { text: 'hello' },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
    },
  },
});

async function measure(command) {
  const port = await freePort();
  const [file, ...args] = pins ? ['taskset', '-c', '0', process.execPath, ...command] : [process.execPath, ...command];
  const child = spawn(file, args, {
    env: { ...process.env, PORT: String(port), RATE_LIMIT_MAX_REQUESTS: '65535', RATE_LIMIT_WINDOW_MS: '1000' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (complaint = text));
  const url = `http://127.0.0.1:${port}/mcp`;
  try {
    for (let tries = 0; ; tries++) {
      const text = await fetch(url, { method: 'POST', headers, body }).then(
        (answer) => answer.text(),
        () => '',
      );
      if (text.includes('hello')) break;
      if (tries > 200 || child.exitCode !== null) throw new Error(`no answer from ${command[0]}: ${text} ${complaint}`);
      await new Promise((next) => setTimeout(next, 100));
    }
    const base = { url, method: 'POST', headers, body, connections: 32 };
    await autocannon({ ...base, duration: 2 });
    const run = await autocannon({
      ...base,
      duration: Number(values.seconds),
      verifyBody: (text) => text.includes('hello'),
    });
    return {
      rate: run.requests.average,
      p50: run.latency.p50,
      p99: run.latency.p99,
      failed: run.non2xx + run.errors + run.timeouts + run.mismatches,
    };
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
}

const runs = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
for (let round = 0; round < Number(values.rounds); round++)
  for (const [name, command] of Object.entries(contenders)) runs[name].push(await measure(command));

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rows = Object.entries(runs).map(([name, list]) => ({
  name,
  rate: Math.round(median(list.map(({ rate }) => rate))),
  p50: median(list.map(({ p50 }) => p50)),
  p99: median(list.map(({ p99 }) => p99)),
  failed: list.reduce((sum, { failed }) => sum + failed, 0),
}));
const rateOf = (name) => rows.find((row) => row.name === name).rate;
const ratio = rateOf('this server') / rateOf('SDK v2');
console.table(rows);
console.log(
  `this server / SDK v2: ${ratio.toFixed(2)}   this server / node:http: ${(rateOf('this server') / rateOf('node:http')).toFixed(2)}`,
);
if (values.write) {
  const start = '<!-- echo -->';
  const end = '<!-- /echo -->';
  const document = readFileSync(values.write, 'utf8');
  const table = [
    start,
    `Node ${process.versions.node}, ${cpus()[0].model.trim()}, ${values.rounds} rounds of ${values.seconds} s, 32 connections, server on one processor, ${new Date().toISOString().slice(0, 10)}. Medians.`,
    '',
    '| server | calls per second | p50 ms | p99 ms | failed |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows.map(({ name, rate, p50, p99, failed }) => `| ${name} | ${rate} | ${p50} | ${p99} | ${failed} |`),
    '',
    `This server / SDK v2: **${ratio.toFixed(2)}**. This server / node:http: ${(rateOf('this server') / rateOf('node:http')).toFixed(2)}.`,
    end,
  ].join('\n');
  writeFileSync(
    values.write,
    document.slice(0, document.indexOf(start)) + table + document.slice(document.indexOf(end) + end.length),
  );
}
if (rows.some(({ failed }) => failed > 0)) process.exit(1);
if (values.minimum && ratio < Number(values.minimum)) {
  console.error(`expected at least ${values.minimum} times the SDK's own handler`);
  process.exit(1);
}
