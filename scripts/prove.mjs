// npm run prove: lists every proof. npm run prove -- NAME: runs one at its full figure and writes docs/evidence/NAME.md.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { build, buildTestServer, environment, install, jestArgs, root, runtime } from './workspace.mjs';

const { proofs } = JSON.parse(readFileSync(join(root, 'test/proofs/proofs.json'), 'utf8'));
const [name] = process.argv.slice(2);

if (name === undefined) {
  for (const { name: each, requirements, shows } of proofs)
    console.log(`${each.padEnd(18)} ${requirements.join(' ').padEnd(28)} ${shows}`);
  process.exit(0);
}
const proof = proofs.find((each) => each.name === name);
if (proof === undefined) {
  console.error(`There is no proof ${name}; npm run prove lists them.`);
  process.exit(64);
}

install();
build();
buildTestServer();
const args =
  proof.full === undefined
    ? jestArgs('--verbose', ...proof.small)
    : [join(root, proof.full[0]), ...proof.full.slice(1)];
const started = Date.now();
const { status, stdout, stderr } = spawnSync(runtime(), args, {
  cwd: root,
  encoding: 'utf8',
  env: environment({ PROOF: 'full' }),
  maxBuffer: 256 * 1024 * 1024,
});
process.stdout.write(stdout);
process.stderr.write(stderr);
const seconds = Math.round((Date.now() - started) / 1000);
const version = (command, ...flags) =>
  (spawnSync(command, flags, { encoding: 'utf8', env: environment() }).stdout ?? '').trim().split('\n')[0];
// oxlint-disable-next-line no-control-regex
const plain = `${stdout}\n${stderr}`.replace(/\u001b\[[0-9;]*m/g, '').replaceAll(root, '.');
const kept = plain
  .split('\n')
  .filter((line) => /✓|✕|passed|failed|Tests:|Suites:|│|┌|└|├|ms|×|:\s*\d/.test(line) && !/^\s+at /.test(line));
mkdirSync(join(root, 'docs/evidence'), { recursive: true });
writeFileSync(
  join(root, 'docs/evidence', `${name}.md`),
  [
    `# ${name}`,
    '',
    `${proof.shows}.`,
    '',
    `- Result: **${status === 0 ? 'holds' : 'does not hold'}** (exit code ${status}), ${new Date().toISOString().slice(0, 10)}, ${seconds} s`,
    `- Requirements: ${proof.requirements.join(', ') || 'none of the list'}`,
    `- Machine: ${type()} ${release()}, ${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `- Versions: node ${version('node', '--version')}, git ${version('git', '--version').replace('git version ', '')}, commit ${version('git', 'rev-parse', '--short', 'HEAD')}`,
    `- Command: \`npm run prove -- ${name}\``,
    '',
    '```text',
    ...kept.slice(-400),
    '```',
    '',
  ].join('\n'),
);
process.exit(status ?? 1);
