import { readFile } from 'node:fs/promises';
import type { Settings } from '@app/config';
import { AppLog, createRootLogger } from '@app/logging';
import type { OperatorCommand } from '@app/operations';
import {
  AnchorFiles,
  ApiKeys,
  Approvals,
  AuditErasure,
  auditFolder,
  DurableAudit,
  exportAudit,
  queryAudit,
  RevokedTokens,
  type SecurityEvents,
  SigningKey,
  SqlApprovalStore,
  verifyAudit,
} from '@app/security';
import {
  type KeyValueStore,
  MAX_SEALED_BYTES,
  MAX_VALUE_BYTES,
  PostgresConnection,
  RedisConnection,
  RedisKeyValueStore,
  SealedKeyValueStore,
  type SqlDatabase,
  SqliteDatabase,
  SqlKeyValueStore,
} from '@app/storage';

import { dataCipherOf } from './data-cipher.js';

/** Who acts on the command line, as records name him. */
const OPERATOR = 'operator at the command line';
const OPERATOR_PRINCIPAL = { subject: OPERATOR, tenant: 'server', scopes: ['*'], actors: [] };

export interface Operated {
  /** Lines for stdout. */
  readonly lines: AsyncIterable<string> | readonly string[];
  /** What was asked for does not hold. */
  readonly isRefused?: boolean;
}

/**
 * Does what an operator wants with what the server keeps, beside a server that may be running: what it changes, the
 * server sees within a second, and what is changed is recorded first.
 */
export async function operate(
  settings: Settings,
  command: OperatorCommand,
  print: (line: string) => void,
): Promise<boolean> {
  await using kept = new Kept(settings);
  const { lines, isRefused = false } = await run(settings, command, kept);
  for await (const line of lines) print(line);
  return !isRefused;
}

async function run({ storage }: Settings, command: OperatorCommand, kept: Kept): Promise<Operated> {
  const { database } = kept;
  const keys = new ApiKeys(database);
  switch (command.kind) {
    case 'keys-create': {
      const { kind: _kind, ...given } = command;
      // Where it cannot be recorded there is no key.
      await kept.audit();
      const made = await keys.create({ ...given, createdBy: OPERATOR });
      await kept.record({ operation: 'key_created', details: { id: made.key.id, tenant: given.tenant } });
      process.stderr.write(`The key ${made.key.id} of ${given.subject}; it is shown this once:\n`);
      return { lines: [made.text] };
    }
    case 'keys-list':
      return { lines: (await keys.list(command.tenant)).map((key) => shown(key, command.json)) };
    case 'keys-rotate': {
      const { key, text } = await keys.rotate(command.id, command.graceMs, OPERATOR);
      await kept.record({ operation: 'key_rotated', details: { id: command.id, to: key.id } });
      process.stderr.write(`The key ${key.id} takes the place of ${command.id}; it is shown this once:\n`);
      return { lines: [text] };
    }
    case 'keys-revoke':
      await keys.revoke(command.id);
      await kept.record({ operation: 'key_revoked', details: { id: command.id } });
      return { lines: [`${command.id} is revoked.`] };
    case 'tokens-revoke':
      await new RevokedTokens(await kept.store()).revoke(command.id, command.forMs);
      await kept.record({ operation: 'token_revoked', details: { forMs: command.forMs } });
      return { lines: ['The token is revoked.'] };
    case 'audit-verify': {
      const folder = auditFolder(storage.dataDir);
      const own = await SigningKey.find(folder);
      const others = await Promise.all(command.publicKeys.map((file) => readFile(file, 'utf8')));
      const publicKeys = [...(own === undefined ? [] : [own.publicKey]), ...others];
      const verdict = await verifyAudit(database, { publicKeys, anchors: await new AnchorFiles(folder).read() });
      const { instances, records, heads, findings, isCut } = verdict;
      if (command.json) return { lines: [JSON.stringify(verdict)], isRefused: findings.length > 0 };
      return {
        lines: [
          ...findings.map(({ what, instance, seq, callId, detail }) =>
            [what, instance, seq, callId ?? '', detail].join('\t'),
          ),
          `${records} records of ${instances} runs, ${heads} signed heads${own ? `, key ${own.keyId}` : ''}: ` +
            (findings.length === 0
              ? 'all as they were recorded'
              : `${findings.length}${isCut ? ' and more' : ''} findings`),
        ],
        isRefused: findings.length > 0,
      };
    }
    case 'audit-query': {
      const { records, cursor } = await queryAudit(database, command.query);
      if (cursor !== undefined) process.stderr.write('There is more; narrow the question, or use audit export.\n');
      return { lines: records.map((record) => shown(record, true)) };
    }
    case 'audit-export':
      return { lines: exportAudit(database, command.query) };
    case 'audit-erase': {
      const { tenant, subject } = command;
      const count = await new AuditErasure(database, await kept.audit()).erase({ tenant, subject }, OPERATOR_PRINCIPAL);
      return { lines: [`${count} records have nothing personal any more.`] };
    }
    case 'approvals-list': {
      const approvals = new Approvals(new SqlApprovalStore(database), await kept.events());
      return { lines: (await approvals.list('operator', {})).map((plan) => shown(plan, command.json)) };
    }
    case 'approvals-decide': {
      const approvals = new Approvals(new SqlApprovalStore(database), await kept.events());
      await approvals[command.approve ? 'approve' : 'deny'](command.id, 'operator');
      return { lines: [`${command.id} is ${command.approve ? 'approved' : 'denied'}.`] };
    }
  }
}

/** One thing on one line: as JSON, or its members with tabs between. */
function shown(thing: object, json: boolean): string {
  if (json) return JSON.stringify(thing);
  return Object.entries(thing)
    .map(
      ([name, value]) =>
        `${name}=${name.endsWith('At') ? new Date(value as number).toISOString() : typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    .join('\t');
}

/** What the server keeps, opened when it is asked for and closed at the end. */
class Kept implements AsyncDisposable {
  readonly database: SqlDatabase & { close(): Promise<void> };
  private redis?: RedisConnection;
  private opened?: Promise<DurableAudit>;

  constructor(private readonly settings: Settings) {
    const { dataDir, databaseUrl } = settings.storage;
    this.database = databaseUrl === undefined ? new SqliteDatabase(dataDir) : new PostgresConnection(databaseUrl);
  }

  /** Where the running server looks too, sealed as it expects it. */
  async store(): Promise<KeyValueStore> {
    const { storage } = this.settings;
    const cipher = await dataCipherOf(storage);
    const maxValueBytes = cipher === undefined ? MAX_VALUE_BYTES : MAX_SEALED_BYTES;
    const store =
      storage.redisUrl === undefined
        ? new SqlKeyValueStore(this.database, { maxValueBytes })
        : new RedisKeyValueStore((this.redis ??= new RedisConnection(storage.redisUrl)), maxValueBytes);
    return cipher === undefined ? store : new SealedKeyValueStore(store, cipher);
  }

  /** A run of its own in the audit, beside those of servers. */
  audit(): Promise<DurableAudit> {
    this.opened ??= (async () => {
      const { logger } = createRootLogger({ ...this.settings.log, level: 'silent', stream: 'stderr' });
      const audit = new DurableAudit(this.database, this.settings.storage.dataDir, new AppLog(logger));
      await audit.start();
      return audit;
    })();
    return this.opened;
  }

  async events(): Promise<SecurityEvents> {
    return (await this.audit()).events;
  }

  async record(event: Parameters<SecurityEvents['record']>[0]): Promise<void> {
    await (await this.events()).record({ subject: OPERATOR, ...event });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.opened)?.close();
    await this.redis?.close();
    await this.database.close();
  }
}
