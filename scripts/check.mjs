// npm run check: what CI runs. Every step runs, so that one report tells everything. `static` leaves out the tests.
import { join } from 'node:path';
import { build, buildTestServer, install, jestArgs, root, run } from './workspace.mjs';

install();
build();
buildTestServer();
const bin = (path) => join(root, 'node_modules', path);
const steps = {
  typecheck: [bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.json'],
  lint: [bin('oxlint/bin/oxlint'), '--deny-warnings'],
  // No failure is silent: a promise nobody waits for is an error that nobody sees.
  promises: [
    bin('oxlint/bin/oxlint'),
    '--type-aware',
    '--deny-warnings',
    '-c',
    '.oxlintrc.promises.json',
    'libs',
    'apps',
  ],
  format: [bin('prettier/bin/prettier.cjs'), '--check', '.'],
  test: jestArgs(),
};
const chosen = Object.entries(steps).filter(([name]) => name !== 'test' || process.argv[2] !== 'static');
const failed = chosen.filter(([name, args]) => {
  console.log(`\n== ${name}`);
  return run(args) !== 0;
});
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.map(([name]) => name).join(', ')}`);
  process.exit(1);
}
