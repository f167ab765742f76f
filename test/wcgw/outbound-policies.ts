/** A place where the server reaches out of its process, and what bounds what is begun there. */
export interface OutboundPolicy {
  readonly file: string;
  readonly call: string;
  /** What holds for it, in words. */
  readonly policy: string;
  /** Where that stands, and words of it. */
  readonly stands: { readonly file: string; readonly words: readonly string[] };
  /** The test that shows it. */
  readonly shown: { readonly file: string; readonly title: string };
  /** The only file that may use this one, where the policy is its business. */
  readonly onlyFor?: string;
}

const redis = {
  file: 'libs/storage/src/services/redis-connection.ts',
  policy: 'a time for connecting, for every command and for a silent socket; so many at once; refused while it fails',
  stands: {
    file: 'libs/storage/src/services/redis-connection.ts',
    words: ['connectTimeout: operationTimeoutMs', 'commandTimeout: operationTimeoutMs', 'this.operations.run('],
  },
  shown: {
    file: 'libs/storage/src/services/redis-connection.spec.ts',
    title: 'ends within its timeout before a black hole, and leaves no connection behind',
  },
} as const;
const postgres = {
  file: 'libs/storage/src/services/postgres-source.ts',
  policy: 'a time for connecting and for every statement, here and in the database; so many at once',
  stands: {
    file: 'libs/storage/src/services/postgres-source.ts',
    words: [
      'connectTimeoutMS: operationTimeoutMs',
      'query_timeout: operationTimeoutMs',
      'statement_timeout: operationTimeoutMs',
    ],
  },
  shown: {
    file: 'libs/storage/src/services/postgres-connection.spec.ts',
    title: 'ends within its timeout before a black hole, and leaves no connection behind',
  },
  onlyFor: 'libs/storage/src/services/postgres-connection.ts',
} as const;
const sqlite = {
  file: 'libs/storage/src/sql/sqlite.worker.ts',
  policy: 'a thread of its own that is given up when a statement does not end; so many wait at once',
  stands: { file: 'libs/storage/src/sql/sqlite-database.ts', words: ['this.operations.run('] },
  shown: {
    file: 'libs/storage/src/sql/sqlite-database.spec.ts',
    title: 'gives up a statement that does not end, with all of its transaction, and goes on',
  },
} as const;
/** On the connection of one of the databases, within their times. */
const migrations = {
  ...sqlite,
  file: 'libs/storage/src/migrations/table-history.ts',
  policy: 'within the time for opening the database',
} as const;

/** Every place there is. One that is not here is one that nothing bounds. */
export const OUTBOUND_POLICIES: readonly OutboundPolicy[] = [
  {
    file: 'libs/resources/src/processes/child-start.ts',
    call: 'spawn',
    policy: 'runChild: a time limit, the signal of the call, a cap on output, TERM and a second later KILL',
    stands: {
      file: 'libs/resources/src/processes/child.ts',
      words: ["this.end('timeout')", "this.end('aborted')", "this.end('output')", 'KILL_AFTER_MS'],
    },
    shown: {
      file: 'libs/resources/src/processes/child.spec.ts',
      title: 'ends at its time, and kills what does not listen',
    },
    onlyFor: 'libs/resources/src/processes/child.ts',
  },
  { ...redis, call: "import('ioredis')" },
  { ...redis, call: 'new Redis' },
  { ...postgres, call: "import('pg')" },
  { ...postgres, call: "import('typeorm')" },
  { ...postgres, call: 'new DataSource' },
  { ...postgres, call: 'migrationsOf' },
  ...['isBehind', 'migrate', 'migrationsOf', 'statusOf', 'takeBack'].map((name) => ({
    ...sqlite,
    call: `history.${name}`,
  })),
  { ...sqlite, call: "import('`../migrations/table-history${extension}`')" },
  { ...sqlite, call: 'new DataSource' },
  ...Array.from({ length: 3 }, () => ({ ...migrations, call: 'new MigrationExecutor' })),
  {
    file: 'libs/security/src/authentication/issuer-client.ts',
    call: 'fetch',
    policy: 'a time, a size, no redirect; and asked at most once in thirty seconds',
    stands: {
      file: 'libs/security/src/authentication/issuer-client.ts',
      words: ['AbortSignal.timeout(this.timeoutMs)', "redirect: 'error'", 'bytes > MAX_BYTES'],
    },
    shown: {
      file: 'libs/security/src/authentication/issuer-outages.spec.ts',
      title: 'are not waited for for ever',
    },
  },
  {
    file: 'libs/security/src/audit/journal/instance-lock.ts',
    call: 'connect',
    policy: 'a socket of this machine: who listens there answers at once, and where nobody does the system says so',
    stands: { file: 'libs/security/src/audit/journal/instance-lock.ts', words: ['socketName(instance)'] },
    shown: {
      file: 'libs/security/src/audit/journal/instance-lock.spec.ts',
      title: 'is not held by what a dead process has left',
    },
  },
];
