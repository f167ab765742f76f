import { mkdtempSync, readdirSync, realpathSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AppLog, createRootLogger } from '@app/logging';
import { temporaryNameFor } from '@app/resources';
import { injected, testSettings } from '@app/testing';
import { LeftoverSweep } from './leftover-sweep.js';
import { Workspaces } from './workspaces.js';

describe('LeftoverSweep', () => {
  let folder: string;
  let sweep: LeftoverSweep;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'leftover-')));
    const { workspace, limits, log, policy } = testSettings({ workspace: folder });
    sweep = new LeftoverSweep(new Workspaces(workspace, limits, policy), new AppLog(createRootLogger(log).logger));
  });
  afterEach(() => sweep.onApplicationShutdown());

  it(
    injected('partial write', 'LeftoverSweep', 'removes old leftovers of interrupted writes, and nothing else'),
    async () => {
      const leftover = temporaryNameFor('a.ts');
      const longAgo = new Date(Date.now() - 3_600_000);
      for (const name of [leftover, 'mine.tmp', 'a.ts']) {
        writeFileSync(join(folder, name), 'x');
        utimesSync(join(folder, name), longAgo, longAgo);
      }
      sweep.start();
      while (readdirSync(folder).includes(leftover)) await new Promise((next) => setImmediate(next));
      expect(readdirSync(folder).sort()).toEqual(['a.ts', 'mine.tmp']);
    },
  );
});
