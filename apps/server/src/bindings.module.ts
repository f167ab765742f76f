import { randomUUID } from 'node:crypto';
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import { AuthSettings, Limits, PolicySource, type Settings } from '@app/config';
import { AppLog, type RootLogger } from '@app/logging';
import { ChangeEvents, ServerIdentity } from '@app/mcp';
import { ComponentRisks } from '@app/pipeline';
import {
  ApiKeys,
  Approvals,
  ApprovalStore,
  AuditErasure,
  AuditRetention,
  AuditSink,
  Authorizer,
  Callers,
  CallerVerifier,
  createAuthenticator,
  DurableAudit,
  KnownSecrets,
  LogAuditSink,
  MemoryApprovalStore,
  NoVerifier,
  RevokedTokens,
  ScopeAuthorizer,
  SecurityEvents,
  SqlApprovalStore,
} from '@app/security';
import { KeyValueStore, SqlDatabase } from '@app/storage';
import { MemoryChangeEvents } from '@app/transport';
import { COMPONENT_RISKS } from './component-risks.js';
import { IDENTITY } from './identity.js';

/** The last records reach the database within it, or with the next start. */
const AUDIT_CLOSE_MS = 1_500;

/** What the app binds for the libs: the ports they declare. */
@Module({})
export class BindingsModule {
  /** @param keeps whether the server keeps anything; one that is only asked what it would serve does not */
  static of(settings: Settings, root: RootLogger, keeps: boolean): DynamicModule {
    const secrets = secretsOf(settings);
    root.redactBy((text) => secrets.redactText(text));
    const providers = [
      { provide: ServerIdentity, useValue: IDENTITY },
      { provide: ChangeEvents, useClass: MemoryChangeEvents },
      { provide: Authorizer, useClass: ScopeAuthorizer },
      { provide: KnownSecrets, useValue: secrets },
      { provide: Callers, useFactory: (policy: PolicySource) => new Callers(policy), inject: [PolicySource] },
      { provide: ComponentRisks, useValue: COMPONENT_RISKS },
      CALLER_VERIFIER,
      {
        provide: RevokedTokens,
        useFactory: (store: KeyValueStore) => new RevokedTokens(store),
        inject: [KeyValueStore],
      },
      APPROVALS,
      ...(keeps ? KEEPING : [{ provide: ApprovalStore, useFactory: () => new MemoryApprovalStore() }]),
      ...(keeps && settings.audit.store === 'database' ? durableAudit(settings) : loggedAudit(root)),
    ];
    return { module: BindingsModule, global: true, providers, exports: providers.map(({ provide }) => provide) };
  }
}

/** Each is named by what it is found by. */
type Binding = Exclude<Provider, Function>;

const KEEPING: readonly Binding[] = [
  {
    provide: ApprovalStore,
    useFactory: (database: SqlDatabase) => new SqlApprovalStore(database),
    inject: [SqlDatabase],
  },
  { provide: ApiKeys, useFactory: (database: SqlDatabase) => new ApiKeys(database), inject: [SqlDatabase] },
];

const APPROVALS: Binding = {
  provide: Approvals,
  useFactory: (store: ApprovalStore, events: SecurityEvents) => new Approvals(store, events),
  inject: [ApprovalStore, SecurityEvents],
};

const CALLER_VERIFIER: Binding = {
  provide: CallerVerifier,
  useFactory: (auth: AuthSettings, limits: Limits, store: KeyValueStore, database?: SqlDatabase) =>
    auth.isConfigured ? createAuthenticator(auth, limits, store, database) : new NoVerifier(),
  inject: [AuthSettings, Limits, KeyValueStore, { token: SqlDatabase, optional: true }],
};

/** Audit records as lines of the log. */
function loggedAudit(root: RootLogger): readonly Binding[] {
  const sink = new LogAuditSink(root);
  return [
    { provide: AuditSink, useValue: sink },
    { provide: SecurityEvents, useValue: new SecurityEvents(sink, randomUUID) },
  ];
}

/** Audit records chained, signed and kept in the database. */
const durableAudit = ({ storage, audit: { retentionDays } }: Settings): readonly Binding[] => [
  {
    provide: DurableAudit,
    useFactory: async (database: SqlDatabase, log: AppLog) => {
      const audit = new DurableAudit(database, storage.dataDir, log, { closeTimeoutMs: AUDIT_CLOSE_MS });
      await audit.start();
      return audit;
    },
    inject: [SqlDatabase, AppLog],
  },
  { provide: AuditSink, useExisting: DurableAudit },
  { provide: SecurityEvents, useFactory: (audit: DurableAudit) => audit.events, inject: [DurableAudit] },
  {
    provide: AuditRetention,
    useFactory: (database: SqlDatabase, { key, events }: DurableAudit, log: AppLog) => {
      const retention = new AuditRetention(database, key, events, log);
      if (retentionDays !== undefined) retention.repeat(retentionDays);
      return retention;
    },
    inject: [SqlDatabase, DurableAudit, AppLog],
  },
  {
    provide: AuditErasure,
    useFactory: (database: SqlDatabase, audit: DurableAudit) => new AuditErasure(database, audit),
    inject: [SqlDatabase, DurableAudit],
  },
];

/** What the settings hold that no result may show. */
function secretsOf({ storage, auth }: Settings): KnownSecrets {
  const secrets = new KnownSecrets();
  for (const secret of [auth.secret, auth.clientSecret, auth.token]) if (secret !== undefined) secrets.add(secret);
  for (const url of [storage.databaseUrl, storage.redisUrl])
    if (url !== undefined) {
      const { password } = new URL(url);
      for (const secret of [url, password, decoded(password)]) secrets.add(secret);
    }
  return secrets;
}

/** As it was before it was written into a URL; as it is where it is no such text. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
