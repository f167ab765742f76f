// Switches mitigations of the register off, one at a time, and runs the tests that show them: they must fail then, and
// hold otherwise. Five are chosen by a seed; --all takes every one. --seed N repeats a choice.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { injectedTests } from '../injected-tests.mjs';
import { environment, jestArgs, root, runtime } from '../workspace.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    all: { type: 'boolean' },
    count: { type: 'string', default: '5' },
  },
});

const register = spawnSync(runtime(), [join(root, 'bin/mcp-software-engineer.mjs'), 'wcgw', '--json'], {
  encoding: 'utf8',
  env: environment(),
});
const { entries } = JSON.parse(register.stdout);
const tests = injectedTests(root);
const names = [...new Set(entries.flatMap(({ mitigatedBy }) => mitigatedBy))].sort();

/** mulberry32: small, and the same everywhere. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function choose() {
  if (values.all) return names;
  const next = random(Number(values.seed));
  const left = [...names];
  return Array.from({ length: Number(values.count) }, () => left.splice(Math.floor(next() * left.length), 1)[0]);
}

/** Runs the tests of one mitigation. @returns how many passed and failed */
function runTests(name, isOff) {
  const files = [...tests].flatMap(([key, found]) => (key.endsWith(`→ ${name}`) ? found : []));
  const args = jestArgs(
    ...new Set(files),
    '--json',
    '--silent',
    '-t',
    `→ ${name}(:|$)`,
    '--testTimeout',
    '8000',
    '--forceExit',
  );
  if (isOff)
    args.push(
      '--setupFiles',
      './test/wcgw/switched-off.setup.ts',
      '--globals',
      JSON.stringify({ MITIGATION_OFF: name }),
    );
  const { stdout } = spawnSync(runtime(), args, {
    cwd: root,
    encoding: 'utf8',
    env: environment(),
    maxBuffer: 256 * 1024 * 1024,
  });
  const { numPassedTests, numFailedTests } = JSON.parse(stdout.slice(stdout.indexOf('{"num')));
  return { passed: numPassedTests, failed: numFailedTests };
}

const chosen = choose();
console.log(`seed ${values.seed}: ${chosen.join(', ')}`);
let isGood = true;
for (const name of chosen) {
  const on = runTests(name, false);
  const off = runTests(name, true);
  const shows = on.passed > 0 && on.failed === 0 && off.failed > 0;
  isGood &&= shows;
  console.log(
    `${name}: with it ${on.passed} passed, ${on.failed} failed; without it ${off.passed} passed, ${off.failed} failed: ${shows ? 'its tests show it' : 'ITS TESTS DO NOT SHOW IT'}`,
  );
}
process.exit(isGood ? 0 : 1);
