import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Settings } from '@app/config';
import { createRootLogger } from '@app/logging';
import { OperationRegistry, type RegisterEntry, type ToolDefinition, WcgwRegister } from '@app/pipeline';
import { AppModule } from './app.module.js';

/** Asks a server that was booted with every toolset, so that the answer is what a client gets. */
async function askServer<T>(settings: Settings, question: (app: INestApplicationContext) => T): Promise<T> {
  const root = createRootLogger({ ...settings.log, level: 'silent' });
  const everything = { ...settings, tools: { toolsets: ['all'] } };
  const app = await NestFactory.createApplicationContext(AppModule.of(everything, root, { keeps: false }), {
    logger: false,
    abortOnError: false,
  });
  try {
    return question(app);
  } finally {
    await app.close();
  }
}

/** The definitions of every tool. */
export const definitionsOf = (settings: Settings): Promise<readonly ToolDefinition[]> =>
  askServer(settings, (app) => app.get(OperationRegistry).toolDefinitions());

export interface Register {
  readonly entries: readonly RegisterEntry[];
  /** Standard failures that nothing stands against. */
  readonly holes: readonly string[];
}

/** What could go wrong with every tool and part. */
export const registerOf = (settings: Settings): Promise<Register> =>
  askServer(settings, (app) => {
    const register = app.get(WcgwRegister);
    return { entries: register.entries(), holes: register.holes() };
  });
