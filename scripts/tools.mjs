// npm run tools:list | tools:lock [-- --check [--against FILE]]
import { join } from 'node:path';
import { become, build, install, root } from './workspace.mjs';

install();
build();
become([join(root, 'bin/mcp-software-engineer.mjs'), 'tools', ...process.argv.slice(2)]);
