import 'reflect-metadata';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  ConfigurationError,
  loadSettings,
  processEnvironment,
  readConfigKeys,
  reportSettings,
  type Settings,
} from '@app/config';
import {
  checkTools,
  CLIENTS,
  type ClientName,
  clientConfig,
  type Command,
  HELP,
  listRegister,
  listTools,
  lockTools,
  parseCommandLine,
  printConfiguration,
  renewToolTable,
  sealSetting,
  UsageError,
} from '@app/operations';
import { ServerError } from '@app/mcp';
import { DefinitionError } from '@app/pipeline';
import { definitionsOf, registerOf } from './definitions.js';
import { IDENTITY, PACKAGE_ROOT } from './identity.js';
import { EXIT } from './lifecycle.js';
import { operate } from './operate.js';
import { serve } from './serve.js';
import { writeLines } from './write-lines.js';

const LOCK = join(PACKAGE_ROOT, 'tools.lock.json');
const print = (text: string): Promise<void> => printLines([text]);
const printLines = (lines: Parameters<typeof writeLines>[0]): Promise<void> => writeLines(lines, process.stdout);

async function run(command: Command): Promise<void> {
  switch (command.kind) {
    case 'help':
      return print(HELP);
    case 'version':
      return print(IDENTITY.version);
    case 'serve':
      await serve(settingsFor(command));
      return;
    case 'config-check':
      settingsFor(command);
      return print('The configuration fits.');
    case 'config-print':
      return print(printConfiguration(reportSettings(processEnvironment(), command), settingsFor(command).policy));
    case 'config-seal':
      if (process.stdin.isTTY) process.stderr.write('The value, then Ctrl-D:\n');
      return print(await sealSetting(command, process.stdin, readConfigKeys(processEnvironment())));
    case 'tools-check': {
      const { against: file = LOCK } = command;
      const definitions = await definitionsOf(settingsFor({ transport: 'stdio' }));
      const { report, isRefused } = await checkTools(definitions, file, { isOwn: file === LOCK });
      if (report !== '') await print(report);
      if (isRefused) process.exitCode = 1;
      return;
    }
    case 'tools': {
      const definitions = await definitionsOf(settingsFor({ transport: 'stdio' }));
      if (command.action === 'list') return print(listTools(definitions));
      await writeFile(LOCK, `${JSON.stringify(lockTools(definitions), null, 2)}\n`);
      const readme = join(PACKAGE_ROOT, 'README.md');
      await writeFile(readme, renewToolTable(await readFile(readme, 'utf8'), definitions));
      return;
    }
    case 'wcgw': {
      const register = await registerOf(settingsFor({ transport: 'stdio' }));
      return print(command.json ? JSON.stringify(register) : listRegister(register.entries));
    }
    case 'keys-create':
    case 'keys-list':
    case 'keys-rotate':
    case 'keys-revoke':
    case 'tokens-revoke':
    case 'audit-verify':
    case 'audit-query':
    case 'audit-export':
    case 'audit-erase':
    case 'approvals-list':
    case 'approvals-decide':
      if (!(await operate(settingsFor({ transport: 'stdio', serves: false }), command, printLines)))
        process.exitCode = EXIT.refused;
      return;
    case 'clients': {
      if (!(CLIENTS as readonly string[]).includes(command.client))
        throw new UsageError(`clients: one of ${CLIENTS.join(', ')}`);
      const script = join(PACKAGE_ROOT, 'bin/mcp-software-engineer.mjs');
      const workspaces = command.workspaces.map(absolute);
      return print(clientConfig(command.client as ClientName, { node: process.execPath, script, workspaces }));
    }
  }
}

/** `[NAME=]DIR` with the folder made absolute: a client starts the server from a folder of its own. */
function absolute(workspace: string): string {
  const equals = workspace.indexOf('=');
  return workspace.slice(0, equals + 1) + resolve(workspace.slice(equals + 1));
}

function settingsFor(commandLine: Parameters<typeof loadSettings>[1]): Settings {
  const settings = loadSettings(processEnvironment(), commandLine);
  for (const warning of settings.warnings ?? []) process.stderr.write(`Warning: ${warning}\n`);
  return settings;
}

function failed(error: unknown): never {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${HELP}`);
    process.exit(EXIT.usage);
  }
  if (error instanceof ConfigurationError || error instanceof DefinitionError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT.configuration);
  }
  if (error instanceof ServerError) {
    process.stderr.write(`${error.code}: ${error.message}\n`);
    process.exit(EXIT.refused);
  }
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    process.stderr.write('The port is taken by another program; choose one with --port.\n');
    process.exit(EXIT.configuration);
  }
  process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
  process.exit(EXIT.software);
}

try {
  await run(parseCommandLine(process.argv.slice(2)));
} catch (error) {
  failed(error);
}
