// npm run bench: echo beside the SDK's own handler and bare node:http; renews docs/performance.md.
import { join } from 'node:path';
import { become, buildTestServer, install, root } from './workspace.mjs';

install();
buildTestServer();
become([join(root, 'test/bench/echo.mjs'), '--write', join(root, 'docs/performance.md'), ...process.argv.slice(2)]);
