// npm run bench: what the stages of the pipeline cost, and echo beside the SDK's own handler and bare node:http; renews
// docs/performance.md. `npm run bench -- stages` or `-- echo` runs one of them.
import { join } from 'node:path';
import { buildTestServer, install, root, run } from './workspace.mjs';

install();
buildTestServer();
const [first, ...rest] = process.argv.slice(2);
const chosen = ['stages', 'echo'].includes(first) ? [first] : ['stages', 'echo'];
const args = chosen.length === 1 ? rest : process.argv.slice(2);
const codes = chosen.map((name) =>
  run([join(root, `test/bench/${name}.mjs`), '--write', join(root, 'docs/performance.md'), ...args]),
);
process.exit(Math.max(...codes));
