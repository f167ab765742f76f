import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Type } from '@nestjs/common';
import type { Limits } from '@app/config';
import { TestKit } from '@app/testing';
import { ToolsModule } from '@app/tools';
import { InProcessServer } from '../in-process-server.js';

/** Shows for one limit that exactly so much passes and one more does not. @throws where that is not so */
export type LimitTest = () => Promise<void>;
export type LimitTests = Partial<Record<keyof Limits, LimitTest>>;

type Files = Readonly<Record<string, string | Uint8Array>>;

async function inFolder<T>(files: Files, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'limits-')));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every tool of the product under other limits, in a workspace of these files. */
export const withTools = (
  limits: Partial<Limits>,
  files: Files,
  work: (kit: TestKit, folder: string) => Promise<void>,
  toolsetClasses: readonly Type[] = [],
): Promise<void> =>
  inFolder(files, async (workspace) => {
    const kit = await TestKit.start({ workspace, limits, toolsetClasses, imports: [ToolsModule] });
    try {
      await work(kit, workspace);
    } finally {
      await kit.stop();
    }
  });

/** The product's HTTP server under other limits. */
export const withServer = (
  limits: Partial<Limits>,
  files: Files,
  work: (server: InProcessServer) => Promise<void>,
): Promise<void> =>
  inFolder(files, async (workspace) => {
    const server = await InProcessServer.start({ workspace, limits });
    try {
      await work(server);
    } finally {
      await server.stop();
    }
  });

/** `success`, or the code of the failure. */
export async function codeOf(kit: TestKit, tool: string, input: unknown): Promise<string> {
  const outcome = await kit.call(tool, input);
  return outcome.kind === 'failure' ? outcome.error.code : outcome.kind;
}
