// npm run tools:list | tools:lock
import { join } from 'node:path';
import { become, build, install, root } from './workspace.mjs';

install();
build();
become([join(root, 'bin/mcp-software-engineer.mjs'), 'tools', process.argv[2]]);
