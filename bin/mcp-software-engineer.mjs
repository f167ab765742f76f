#!/usr/bin/env node
// Plain JavaScript that any Node understands: it refuses an old one in words before anything else is loaded.
const MINIMUM = [22, 19];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1])) {
  console.error(
    `mcp-software-engineer needs Node ${MINIMUM.join('.')} or newer; this is ${process.versions.node}.\n` +
      'The package brings one: node_modules/.bin/node beside it, which `npm start` uses.',
  );
  process.exit(78);
}
const entry = new URL('../dist/apps/server/src/main.js', import.meta.url);
const { existsSync } = await import('node:fs');
if (!existsSync(entry)) {
  console.error('mcp-software-engineer is not built yet: run `npm run build` in its folder, or `npm start`.');
  process.exit(78);
}
await import(entry.href);
