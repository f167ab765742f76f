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
  file: 'libs/storage/src/services/postgres-connection.ts',
  policy: 'a time for connecting and for every statement, here and in the database; so many at once',
  stands: {
    file: 'libs/storage/src/services/postgres-connection.ts',
    words: [
      'connectTimeoutMS: operationTimeoutMs',
      'query_timeout: operationTimeoutMs',
      'statement_timeout: operationTimeoutMs',
      'this.operations.run(',
    ],
  },
  shown: {
    file: 'libs/storage/src/services/postgres-connection.spec.ts',
    title: 'ends within its timeout before a black hole, and leaves no connection behind',
  },
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
];
