import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServerProcess } from '../support/server-process.js';
import { TestRepository } from '../support/test-repository.js';
import { InspectorCli } from './inspector-cli.js';
import { stdioLaunch } from './launch.js';
import { walkthrough } from './walkthrough.js';

const SLOW_MS = 60_000;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'inspector-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Its command line cannot ask for completions; every other step is taken, the tools under `--strict`. */
describe.each(['legacy', 'modern'] as const)('@modelcontextprotocol/inspector --cli, %s era', (era) => {
  it(
    'works over stdio, with a server for each request',
    async () => {
      await using repository = await TestRepository.create();
      const { command, args, env } = stdioLaunch(repository.root);
      await walkthrough(new InspectorCli({ target: [command, ...args], era, home, env }), repository);
    },
    SLOW_MS,
  );

  it(
    'works over HTTP',
    async () => {
      await using repository = await TestRepository.create();
      const server = await ServerProcess.start({ workspace: repository.root, env: { TOOLSETS: 'all' } });
      try {
        await walkthrough(new InspectorCli({ target: [server.url], era, home }), repository);
      } finally {
        expect(await server.stop()).toBe(0);
      }
    },
    SLOW_MS,
  );
});
