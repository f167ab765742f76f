import { ServerProcess } from '../support/server-process.js';
import { Attacker, type Attempt } from './attacker.js';
import type { AuditedCall, Evidence, Reply } from './evidence.js';
import { auditProblems } from './harm.js';
import { SchemaJudge } from './schema-judge.js';
import { LIVE_MS, SecondClient } from './second-client.js';
import { World } from './world.js';

/** The built product in a world of traps, with an attacker and a second client. */
export class Scene {
  private constructor(
    readonly world: World,
    readonly server: ServerProcess,
    readonly attacker: Attacker,
    readonly second: SecondClient,
    readonly schemas: SchemaJudge,
  ) {}

  static async open(world: World): Promise<Scene> {
    const server = await ServerProcess.start({ workspace: world.workspace, env: world.environment });
    return new Scene(
      world,
      server,
      new Attacker(server.url),
      new SecondClient(server.url),
      await SchemaJudge.of(server.url),
    );
  }

  /** Runs a piece of work between two looks at everything that must not change, while a second client calls. */
  async gather(work: () => Promise<Reply[]>): Promise<Evidence> {
    const { world } = this;
    const before = { outside: world.outsideSnapshot(), git: world.gitSnapshot() };
    const { value: replies, probes } = await this.second.watch(work);
    return {
      canaries: world.canaries,
      replies,
      probes,
      liveMs: LIVE_MS,
      outside: { before: before.outside, after: world.outsideSnapshot() },
      git: { before: before.git, after: world.gitSnapshot() },
      output: { stderr: this.server.stderr },
      secretPaths: [world.base, '/proc/self/fd'],
      schemaProblems: (reply) => this.schemas.problemsOf(reply),
    };
  }

  /** All at once. */
  together(attempts: readonly Attempt[]): Promise<Evidence> {
    return this.gather(() => Promise.all(attempts.map((attempt) => this.attacker.send(attempt))));
  }

  /** Ends the server and judges what it has written about all of it. @returns problems, in words */
  async close(): Promise<string[]> {
    const { server, attacker, schemas, second, world } = this;
    const ended = new Promise((done) => server.child.stdout!.once('end', done));
    const code = await server.stop();
    await ended;
    const log = server.log();
    const probes: AuditedCall[] = Array.from({ length: second.calls }, () => ({
      what: 'a probe',
      kind: 'tool',
      decision: 'success',
    }));
    const leaks = world.canaries.flatMap((canary) => {
      const form = canary.foundIn(JSON.stringify(log)) ?? canary.foundIn(server.stderr);
      return form === undefined ? [] : [`the log or the error output has the canary ${canary.name}, ${form}`];
    });
    return [
      ...(code === 0 ? [] : [`the server ended with ${code}`]),
      ...leaks,
      ...auditProblems(log, [...attacker.calls, schemas.call, ...probes], schemas.changing),
    ];
  }
}
