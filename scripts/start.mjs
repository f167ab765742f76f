// npm start: installs what is missing, builds what is stale, serves. Arguments after `--` go to the server.
import { join } from 'node:path';
import { become, build, environment, install, root } from './workspace.mjs';

install();
build();
const pretty = process.stdout.isTTY && !process.env.LOG_FORMAT ? { LOG_FORMAT: 'pretty' } : {};
become([join(root, 'bin/mcp-software-engineer.mjs'), ...process.argv.slice(2)], {
  cwd: process.env.INIT_CWD ?? process.cwd(),
  env: environment(pretty),
});
