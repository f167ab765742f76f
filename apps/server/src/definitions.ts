import { NestFactory } from '@nestjs/core';
import type { Settings } from '@app/config';
import { createRootLogger } from '@app/logging';
import { OperationRegistry, type ToolDefinition } from '@app/pipeline';
import { AppModule } from './app.module.js';

/** The definitions of every tool, read from a booted server, so that they are what a client gets. */
export async function definitionsOf(settings: Settings): Promise<readonly ToolDefinition[]> {
  const root = createRootLogger({ ...settings.log, level: 'silent' });
  const everything = { ...settings, tools: { toolsets: ['all'] } };
  const app = await NestFactory.createApplicationContext(AppModule.of(everything, root), { logger: false });
  const definitions = app.get(OperationRegistry).toolDefinitions();
  await app.close();
  return definitions;
}
