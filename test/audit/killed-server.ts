import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AnchorFiles,
  auditFolder,
  type AuditVerdict,
  exportAudit,
  type KeptRecord,
  SigningKey,
  verifyAudit,
} from '@app/security';
import type { SqlDatabase } from '@app/storage';
import { ServerProcess } from '../support/server-process.js';
import type { AuditDatabase, NewDatabase } from './audit-databases.js';

/** As many calls as there are. */
const UNLIMITED = { RATE_LIMIT_MAX_REQUESTS: '65535', RATE_LIMIT_WINDOW_MS: '1' };

/** A server with a durable audit, whose process is killed and started again on what it has left. */
export class KilledServer {
  private server?: ServerProcess;

  private constructor(
    readonly workspace: string,
    private readonly dataDir: string,
    private readonly kept: AuditDatabase,
    readonly database: SqlDatabase & { close(): Promise<void> },
  ) {}

  static async create(newDatabase: NewDatabase): Promise<KilledServer> {
    const folder = (name: string): Promise<string> => mkdtemp(join(tmpdir(), name));
    const workspace = await realpath(await folder('killed-ws-'));
    const dataDir = await folder('killed-data-');
    const kept = await newDatabase(dataDir);
    return new KilledServer(workspace, dataDir, kept, kept.open());
  }

  /** @returns once it serves, and has stored what one that was killed had left */
  async start(afterKill: boolean): Promise<ServerProcess> {
    const env = { AUDIT_STORE: 'database', DATA_DIR: this.dataDir, ...UNLIMITED, ...this.kept.env };
    this.server = await ServerProcess.start({ workspace: this.workspace, env });
    if (afterKill) await this.told('stored the audit journal of a process that had died');
    return this.server;
  }

  /** @returns once everything recorded is in the database, and the process has ended by itself */
  async stop(): Promise<number | null> {
    while ((await this.metric('wcgw_audit_backlog_bytes')) > 0);
    return this.server!.stop();
  }

  kill(): void {
    this.server!.child.kill('SIGKILL');
  }
  /** By which signal the process ended. */
  async ended(): Promise<NodeJS.Signals | null> {
    const { child, alive } = this.server!;
    if (alive) await once(child, 'exit');
    return child.signalCode;
  }

  /** Every record that is kept, in the order of time. */
  async records(): Promise<readonly KeptRecord[]> {
    const records: KeptRecord[] = [];
    for await (const line of exportAudit(this.database)) records.push(JSON.parse(line) as KeptRecord);
    return records;
  }

  async verify(): Promise<AuditVerdict> {
    const folder = auditFolder(this.dataDir);
    const { publicKey } = (await SigningKey.find(folder))!;
    const anchors = await new AnchorFiles(folder).read();
    return verifyAudit(this.database, { publicKeys: [publicKey], anchors });
  }

  async close(): Promise<void> {
    this.server?.child.kill('SIGKILL');
    await this.database.close();
    await this.kept.drop();
    for (const folder of [this.workspace, this.dataDir]) await rm(folder, { recursive: true, force: true });
  }

  private async told(message: string): Promise<Record<string, unknown>> {
    for (;;) {
      const line = this.server!.log().find(({ msg }) => msg === message);
      if (line !== undefined) return line;
      await once(this.server!.child.stdout!, 'data');
    }
  }

  private async metric(name: string): Promise<number> {
    const text = await (await fetch(this.server!.url.replace('/mcp', '/metrics'))).text();
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)![1]);
  }
}
