import 'reflect-metadata';
import { type DynamicModule, Module } from '@nestjs/common';
import { loadSettings, processEnvironment } from '@app/config';
import { parseCommandLine } from '@app/operations';
import { FixtureTools } from '@app/testing';
import { serve } from '../../apps/server/src/serve.js';
import { ConformanceModule } from './conformance/conformance.module.js';

/**
 * Entry points for tests and measurements: the production server, whole, plus fixture tools. Never part of the
 * product: it is built beside it, into a folder of its own.
 *
 * `node dist-test/test/server/main.js fixtures|conformance [serve options]`.
 */
@Module({ providers: [FixtureTools] })
class FixturesModule {}

const MODULES: Record<string, NonNullable<DynamicModule['imports']>> = {
  fixtures: [FixturesModule],
  conformance: [ConformanceModule],
};

const [mode = '', ...args] = process.argv.slice(2);
const modules = MODULES[mode];
const command = parseCommandLine(args);
if (modules === undefined || command.kind !== 'serve')
  throw new Error(`expected one of ${Object.keys(MODULES).join(', ')}, then serve options`);
const environment = { ...processEnvironment(), TOOLSETS: 'all', NODE_ENV: 'test' };
await serve(loadSettings(environment, command), modules);
