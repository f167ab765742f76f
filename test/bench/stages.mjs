// What the stages cost, per call and stage by stage. Prints tables and, with a file name, writes them as a document.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '25' },
    calls: { type: 'string', default: '3000' },
    write: { type: 'string' },
    /** Microseconds that every policy together may cost over the bare dispatcher. */
    maximum: { type: 'string' },
  },
});
const script = fileURLToPath(new URL('../../dist-test/test/server/bench/stages.js', import.meta.url));
const pins = cpus().length > 1 && spawnSync('taskset', ['-V']).status === 0;
const command = [...(pins ? ['taskset', '-c', '0'] : []), process.execPath, script, values.rounds, values.calls];
const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: 'utf8' });
if (status !== 0) throw new Error(stderr);
const { calls, stages } = JSON.parse(stdout.trim().split('\n').at(-1));

const bare = calls.bare;
const rows = Object.entries(calls).map(([name, us]) => ({
  call: name,
  µs: Number(us.toFixed(1)),
  'over bare': Number((us - bare).toFixed(1)),
}));
console.table(rows);
const names = [...new Set(Object.values(stages).flatMap((each) => Object.keys(each)))];
const perStage = names.map((stage) => ({
  stage,
  'read, µs': stages.echo_policed[stage]?.toFixed(2) ?? '',
  'write with a key, µs': stages.change_policed[stage]?.toFixed(2) ?? '',
}));
console.table(perStage);

if (values.write) {
  const start = '<!-- stages -->';
  const end = '<!-- /stages -->';
  const document = readFileSync(values.write, 'utf8');
  const section = [
    start,
    `Node ${process.versions.node}, ${cpus()[0].model.trim()}, one processor, ${values.rounds} rounds of ${values.calls} calls, ${new Date().toISOString().slice(0, 10)}. Medians in microseconds.`,
    '',
    '| call | µs | over bare |',
    '| --- | ---: | ---: |',
    ...rows.map((row) => `| ${row.call} | ${row['µs']} | ${row['over bare']} |`),
    '',
    'From the start of a stage to the start of the next, with what encloses it:',
    '',
    '| stage | read | write with a key |',
    '| --- | ---: | ---: |',
    ...perStage.map((row) => `| ${row.stage} | ${row['read, µs']} | ${row['write with a key, µs']} |`),
    end,
  ].join('\n');
  writeFileSync(
    values.write,
    document.slice(0, document.indexOf(start)) + section + document.slice(document.indexOf(end) + end.length),
  );
}
const policed = rows.filter(({ call }) => call.startsWith('every policy'));
const worst = Math.max(...policed.map((row) => row['over bare']));
console.log(`every policy together: ${worst} µs over the bare dispatcher at most`);
if (values.maximum && worst > Number(values.maximum)) {
  console.error(`expected at most ${values.maximum} µs`);
  process.exit(1);
}
