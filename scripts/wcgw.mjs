// npm run wcgw: what could go wrong with each tool and part of the server, what mitigates it, and the test that injects
// it. Exits 1 on a failure without a mitigation, a mitigation without a test, a line of the requirements without an
// entry, and when docs/wcgw.md is not what is found. --write renews that document. --tests DIR looks for tests there.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { injectedTests } from './injected-tests.mjs';
import { build, environment, install, root, runtime } from './workspace.mjs';

const { values } = parseArgs({
  options: { write: { type: 'boolean' }, tests: { type: 'string', default: root }, 'no-build': { type: 'boolean' } },
});
if (!values['no-build']) {
  install();
  build();
}

/** Lines of the requirements that name a failure and what is to be done about it. */
const FAILURE_LINES = [18, 19, 20, 21, 26, 27, 28, 34, 35, 36, 37, 43, 44, 45, 46, 52, 53, 54, 55, 64, 65, 66, 67]
  .concat([78, 79, 80, 95, 96, 97, 98])
  .map((line) => `S${line}`);

const { status, stdout, stderr } = spawnSync(
  runtime(),
  [join(root, 'bin/mcp-software-engineer.mjs'), 'wcgw', '--json'],
  { cwd: root, encoding: 'utf8', env: environment(), maxBuffer: 16 * 1024 * 1024 },
);
if (status !== 0) {
  console.error(stderr);
  process.exit(status ?? 1);
}
const { entries, holes } = JSON.parse(stdout);

const tests = injectedTests(values.tests);
const problems = holes.map((hole) => `${hole}: nothing stands against it`);
const rows = [];
const used = new Set();
for (const { who, risk, failure, mitigatedBy, waivedBecause } of entries) {
  for (const mitigation of mitigatedBy) {
    const key = `${failure} → ${mitigation}`;
    used.add(key);
    const found = tests.get(key) ?? [];
    if (found.length === 0) problems.push(`${key}: no test injects it (${who})`);
    rows.push({ who, risk, failure, mitigation, tests: found });
  }
  if (waivedBecause !== undefined) rows.push({ who, risk, failure, mitigation: `waived: ${waivedBecause}`, tests: [] });
}
const { parts } = JSON.parse(readFileSync(join(root, 'test/proofs/proofs.json'), 'utf8'));
const claimed = new Set(parts.flatMap(({ claims }) => claims));
const answered = new Set(entries.flatMap(({ requirements }) => requirements));
for (const line of FAILURE_LINES)
  if (claimed.has(line) && !answered.has(line)) problems.push(`${line} is claimed, and no entry answers it`);

const table = [
  '# What could go wrong',
  '',
  'Made by `npm run wcgw -- --write` from the declarations in the code and the tests that inject each failure. A server on',
  'which a tool that changes something leaves a standard failure without a mitigation or a waiver does not start.',
  '',
];
for (const who of new Set(rows.map((row) => row.who))) {
  const own = rows.filter((row) => row.who === who);
  table.push(`## ${who}${own[0].risk ? ` (${own[0].risk})` : ''}`, '');
  table.push('| failure | mitigation | test |', '| --- | --- | --- |');
  for (const row of own) table.push(`| ${row.failure} | ${row.mitigation} | ${row.tests.join('<br>')} |`);
  table.push('');
}
const document = `${table.join('\n').trimEnd()}\n`;
const path = join(root, 'docs/wcgw.md');
if (values.write) writeFileSync(path, document);
else if (values.tests === root && readFileSync(path, 'utf8') !== document)
  problems.push('docs/wcgw.md is not what the code says: npm run wcgw -- --write renews it');

for (const row of rows)
  console.log(`${row.who.padEnd(16)} ${row.failure.padEnd(27)} ${row.mitigation.padEnd(18)} ${row.tests.join(', ')}`);
console.log(
  `\n${rows.length} lines, ${new Set(rows.map((row) => row.mitigation)).size} mitigations, ${used.size} pairs with ${tests.size} in tests`,
);
for (const problem of problems) console.error(`HOLE ${problem}`);
process.exit(problems.length > 0 ? 1 : 0);
