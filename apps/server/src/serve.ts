import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';
import type { Settings } from '@app/config';
import { AppLog, createRootLogger, type RootLogger } from '@app/logging';
import { Readiness } from '@app/operations';
import { OperationRegistry } from '@app/pipeline';
import { LeftoverSweep } from '@app/tools';
import { LegacySessions, ModernLane, StdioCaller, StdioEndpoint } from '@app/transport';
import { AppModule } from './app.module.js';
import { greeting } from './greeting.js';
import { createHttpApplication } from './http-application.js';
import { catchHangups, EXIT, Lifecycle, type OnHangup } from './lifecycle.js';

type Extra = NonNullable<DynamicModule['imports']>;

/** Serves until a signal, the end of stdin, or a failure. @returns the port it listens on. */
export async function serve(settings: Settings, extra: Extra = []): Promise<number> {
  const onHangup = catchHangups();
  const root = createRootLogger(settings.log);
  const serveOn = settings.server.transport === 'stdio' ? serveStdio : serveHttp;
  return serveOn(settings, root, extra, onHangup);
}

async function serveHttp(settings: Settings, root: RootLogger, extra: Extra, onHangup: OnHangup): Promise<number> {
  const { app, server } = await createHttpApplication(AppModule.of(settings, root, { extra }), settings.limits);
  const log = app.get(AppLog);
  const lifecycle = new Lifecycle(app, settings.server, log, root, () => {
    app.get(LegacySessions).endAll();
    void app.get(ModernLane).endAll();
    return stopListening(server);
  });
  lifecycle.install(onHangup);
  await app.listen(settings.server.port, settings.server.host);
  const { port } = server.address() as AddressInfo;
  await lifecycle.tell({ operation: 'config_loaded', transport: settings.server.transport });
  app.get(Readiness).markReady();
  app.get(LeftoverSweep).start();
  log.info('listening', { host: settings.server.host, port });
  process.stderr.write(greeting(settings, port, app.get(OperationRegistry)));
  return port;
}

const IDLE_CHECK_MS = 25;

/** Idle connections go at once, those with an answer under way as soon as it is out. */
async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  const sweeper = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
  server.closeIdleConnections();
  await closed;
  clearInterval(sweeper);
}

async function serveStdio(settings: Settings, root: RootLogger, extra: Extra, onHangup: OnHangup): Promise<number> {
  const app = await NestFactory.createApplicationContext(AppModule.of(settings, root, { extra }), {
    bufferLogs: true,
    abortOnError: false,
  });
  app.useLogger(app.get(Logger));
  const endpoint = app.get(StdioEndpoint);
  const lifecycle = new Lifecycle(app, settings.server, app.get(AppLog), root, () => endpoint.close());
  lifecycle.install(onHangup);
  await lifecycle.tell({ operation: 'config_loaded', transport: settings.server.transport });
  app.get(Readiness).markReady();
  app.get(LeftoverSweep).start();
  const caller = app.get(StdioCaller);
  await caller.check();
  endpoint.start(
    () => caller.current(),
    () => void lifecycle.end(EXIT.done, 'the client closed the connection'),
  );
  return 0;
}
