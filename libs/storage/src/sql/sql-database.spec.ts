import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { outcomeOf } from '../fixtures/outcome.js';
import { describeWith, POSTGRES_URL } from '../fixtures/services.js';
import { TestSchema } from '../fixtures/test-schema.js';
import type { MigratedDatabase } from '../migrations/migration-status.js';
import { PostgresConnection } from '../services/postgres-connection.js';
import type { RunStatement, SqlDatabase } from './sql-database.js';
import { SqliteDatabase } from './sqlite-database.js';

type Database = SqlDatabase & MigratedDatabase & { close(): Promise<void> };
interface Column {
  readonly name: string;
  readonly optional: boolean;
}
interface Subject {
  /** Another one over the same data. */
  open(): Database;
  columnsOf(table: string): Promise<readonly Column[]>;
}

/** The machine may be busy: what is tested here is not how fast a database is. */
const PATIENT = { operationTimeoutMs: 20_000, retryGapMs: 0 };
const NAMES = [
  'CreateKeyValues1790000000000',
  'CreateAudit1795000000000',
  'CreateApiKeys1795000001000',
  'CreateApprovals1795000002000',
];
/** Optional columns have a question mark. */
const TABLES: Readonly<Record<string, string>> = {
  mcp_key_values: 'key value expires_at',
  mcp_audit: 'instance seq at phase kind operation tenant decision? call_id facts personal? prev hash',
  mcp_audit_heads: 'instance seq kind at hash signature key_id',
  mcp_api_keys:
    'id salt hash name tenant subject scopes roles created_at created_by expires_at? revoked_at? rotated_to? last_used_at?',
  mcp_approvals:
    'id caller tenant subject operation digest state? summary approver status decided_by? decided_at? created_at expires_at',
};

function keepsTheContract(subject: () => Subject): void {
  let database: Database;
  let other: Database;
  beforeEach(() => {
    database = subject().open();
    other = subject().open();
  });
  afterEach(async () => {
    await Promise.all([database.close(), other.close()]);
  });

  const put = (statement: RunStatement, id: string, at: number | null = 7) =>
    statement(`INSERT INTO ${database.table('mcp_audit_heads')} VALUES ($1, $2, 'signed', $2, 'h', 's', 'k')`, [
      id,
      at,
    ]);
  const ids = async (from: SqlDatabase = database): Promise<string[]> =>
    (
      await from.run((statement) =>
        statement<{ instance: string }>(
          `SELECT instance FROM ${from.table('mcp_audit_heads')} WHERE seq >= $1 ORDER BY instance`,
          [0],
        ),
      )
    ).rows.map(({ instance }) => instance);

  it('gives back what it was given, and counts rows', async () => {
    const at = Number.MAX_SAFE_INTEGER;
    const text = `'; DROP TABLE mcp_audit; -- "$2" 𝄞 ü \r\n`;
    const table = database.table('mcp_audit_heads');
    await database.run(async (statement) => {
      expect(await put(statement, text, at)).toEqual({ rows: [], count: 1 });
      const { rows, count } = await statement<{ instance: string; seq: unknown; none: unknown }>(
        `SELECT instance, seq, CAST($2 AS text) AS none FROM ${table} WHERE instance = $1`,
        [text, null],
      );
      expect([count, rows.map((row) => ({ ...row, seq: Number(row.seq) }))]).toEqual([
        1,
        [{ instance: text, seq: at, none: null }],
      ]);
      expect(await statement(`UPDATE ${table} SET seq = seq + $1`, [-1])).toMatchObject({ count: 1 });
      expect(await statement(`DELETE FROM ${table} WHERE seq = $1 RETURNING instance`, [at - 1])).toEqual({
        rows: [{ instance: text }],
        count: 1,
      });
      expect(await statement(`DELETE FROM ${table} WHERE seq = $1`, [at])).toMatchObject({ count: 0 });
    });
  });

  it('keeps a whole number whole in a text', async () => {
    const sql = `UPDATE ${database.table('mcp_audit_heads')} SET hash = CAST($1 AS text) WHERE instance = $2`;
    await database.run(async (statement) => {
      await put(statement, 'a');
      await statement(sql, ['7', 'a']);
      const { rows } = await statement(`SELECT hash FROM ${database.table('mcp_audit_heads')} WHERE instance = $1`, [
        'a',
      ]);
      expect(rows).toEqual([{ hash: '7' }]);
    });
  });

  it('orders and compares texts by their bytes', async () => {
    await database.run(async (statement) => {
      for (const id of ['b', 'a', 'B', 'ä', 'a ', '𝄞', '｡']) await put(statement, id);
    });
    expect(await ids()).toEqual(['B', 'a', 'a ', 'b', 'ä', '｡', '𝄞']);
  });

  it('takes one statement at a time', async () => {
    const two = database.run((statement) => statement('SELECT $1; SELECT 2', ['x']));
    expect((await outcomeOf(two)).code).toBe('POLICY_UNAVAILABLE');
  });

  it('commits a transaction when its work is done, and shows it to others only then', async () => {
    const seen: string[][] = [];
    const result = await database.transaction(async (statement) => {
      await put(statement, 'a');
      seen.push(await ids(other));
      await put(statement, 'b');
      return 'done';
    });
    expect([result, seen, await ids(other)]).toEqual(['done', [[]], ['a', 'b']]);
  });

  it('rolls a transaction back when its work fails', async () => {
    const failing = database.transaction(async (statement) => {
      await put(statement, 'a');
      throw new Error('no');
    });
    expect(await outcomeOf(failing)).toMatchObject({ code: 'POLICY_UNAVAILABLE', error: { cause: { message: 'no' } } });
    expect([await ids(), await ids(other)]).toEqual([[], []]);
  });

  it('rolls a transaction back in which a statement failed, whatever its work makes of that', async () => {
    const stubborn = database.transaction(async (statement) => {
      await put(statement, 'a');
      await put(statement, 'a').catch(() => undefined);
      return 'fine';
    });
    expect((await outcomeOf(stubborn)).code).toBe('POLICY_UNAVAILABLE');
    expect(await ids(other)).toEqual([]);
  });

  it('keeps statements of others out of a transaction', async () => {
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const failing = outcomeOf(
      database.transaction(async (statement) => {
        await put(statement, 'mine');
        begun.resolve();
        await go.promise;
        throw new Error('no');
      }),
    );
    await begun.promise;
    const theirs = [
      database.run((statement) => put(statement, 'theirs')),
      other.run((statement) => put(statement, 'far')),
    ];
    go.resolve();
    await Promise.all([failing, ...theirs]);
    expect(await ids()).toEqual(['far', 'theirs']);
  });

  it('adds up right when many transactions of two servers read and write the same row', async () => {
    const table = database.table('mcp_key_values');
    const lock = database.dialect === 'postgres' ? ' FOR UPDATE' : '';
    const live = database.dialect === 'postgres' ? 'clock_timestamp()' : '0';
    await database.run((statement) => statement(`INSERT INTO ${table} VALUES ($1, '0', ${live})`, ['n']));
    const add = (each: Database) =>
      each.transaction(async (statement) => {
        const sql = `SELECT value FROM ${table} WHERE key = $1${lock}`;
        const { rows } = await statement<{ value: string }>(sql, ['n']);
        await statement(`UPDATE ${table} SET value = $2 WHERE key = $1`, ['n', `${Number(rows[0]!.value) + 1}`]);
      });
    await Promise.all(Array.from({ length: 40 }, (_, index) => add([database, other][index % 2]!)));
    const { rows } = await other.run((statement) => statement(`SELECT value FROM ${table} WHERE key = $1`, ['n']));
    expect(rows).toEqual([{ value: '40' }]);
  });

  it('refuses a statement that comes when the work is over', async () => {
    let late: RunStatement | undefined;
    await database.run(async (statement) => {
      late = statement;
    });
    await expect(late!('SELECT $1', ['x'])).rejects.toThrow();
    await database.ping();
  });

  it('has every table as it was agreed', async () => {
    await database.ping();
    for (const [table, columns] of Object.entries(TABLES)) {
      const found = await subject().columnsOf(table);
      expect([table, found.map(({ name, optional }) => `${name}${optional ? '?' : ''}`).join(' ')]).toEqual([
        table,
        columns,
      ]);
    }
  });

  it('migrates up when it is opened, back when it is told to, and up again', async () => {
    expect(await database.migrationStatus()).toEqual({ applied: [], pending: NAMES, unknown: [] });
    await Promise.all([database.ping(), other.ping()]);
    expect(await other.migrationStatus()).toEqual({ applied: NAMES, pending: [], unknown: [] });
    expect(await database.migrateBack(1)).toEqual(NAMES.slice(3));
    expect(await database.migrationStatus()).toEqual({
      applied: NAMES.slice(0, 3),
      pending: NAMES.slice(3),
      unknown: [],
    });
    expect(await database.migrateBack(100)).toEqual(NAMES.slice(0, 3).reverse());
    expect(await database.migrateBack(1)).toEqual([]);
    for (const table of Object.keys(TABLES)) expect(await subject().columnsOf(table)).toEqual([]);
    const again = subject().open();
    await again.ping();
    expect(await again.migrationStatus()).toEqual({ applied: NAMES, pending: [], unknown: [] });
    await again.close();
  });

  it.each([0, -1, 1.5, Number.NaN])('takes nothing back for %d', async (count) => {
    await database.ping();
    expect((await outcomeOf(database.migrateBack(count))).code).toBe('POLICY_UNAVAILABLE');
    expect((await database.migrationStatus()).applied).toEqual(NAMES);
  });

  it('applies to the tables of an earlier server what they lack, and keeps what is in them', async () => {
    await database.migrateBack(3);
    await database.ping();
    const far = database.dialect === 'postgres' ? `now() + interval '1 hour'` : '99999999999999';
    const table = database.table('mcp_key_values');
    await database.run((statement) => statement(`INSERT INTO ${table} VALUES ($1, 'v', ${far})`, ['k']));
    expect(await database.migrateBack(3)).toHaveLength(3);
    const { rows } = await other.run((statement) => statement(`SELECT value FROM ${table} WHERE key = $1`, ['k']));
    expect([rows, (await other.migrationStatus()).pending]).toEqual([[{ value: 'v' }], []]);
  });

  it('refuses, by name, tables that a newer server has changed', async () => {
    const sql = `INSERT INTO ${database.table('mcp_storage_migrations')} (timestamp, name) VALUES ($1, $2)`;
    await database.run((statement) => statement(sql, [1_999_000_000_000, 'AddWings1999000000000']));
    const { code, error } = await outcomeOf(other.ping());
    expect([code, (error as Error).message]).toEqual(['POLICY_UNAVAILABLE', expect.stringContaining('AddWings1999')]);
    expect(await other.migrationStatus()).toMatchObject({ unknown: ['AddWings1999000000000'] });
    const back = await outcomeOf(other.migrateBack(1));
    expect(back).toMatchObject({ code: 'POLICY_UNAVAILABLE', error: { message: expect.stringContaining('AddWings') } });
    expect((await other.migrationStatus()).applied).toHaveLength(NAMES.length + 1);
  });

  it('applies all it lacks or nothing', async () => {
    await database.ping();
    expect(await database.migrateBack(100)).toHaveLength(NAMES.length);
    const blocker = `CREATE TABLE ${database.table('mcp_approvals')} (x text CHECK (x <> '$1'))`;
    await database.run((statement) => statement(blocker.replace(`'$1'`, `''`), [] as never));
    const { code } = await outcomeOf(other.ping());
    expect(code).toBe('POLICY_UNAVAILABLE');
    expect((await other.migrationStatus()).applied).toEqual([]);
    expect(await subject().columnsOf('mcp_key_values')).toEqual([]);
    await database.run((statement) => statement(`DROP TABLE ${database.table('mcp_approvals')}`, [] as never));
    await other.ping();
    expect((await other.migrationStatus()).applied).toEqual(NAMES);
  });
}

describe('the contract of SqlDatabase, in SQLite', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'sql-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  keepsTheContract(() => ({
    open: () => new SqliteDatabase(dataDir, PATIENT),
    columnsOf: async (table) => {
      const { default: Sqlite } = await import('better-sqlite3');
      const file = new Sqlite(join(dataDir, 'state.db'), { readonly: true });
      const found = file.prepare('SELECT name, "notnull" = 0 AS optional FROM pragma_table_info(?)').all(table);
      file.close();
      return (found as Column[]).map(({ name, optional }) => ({ name, optional: Boolean(optional) }));
    },
  }));
});

await describeWith('the contract of SqlDatabase, in PostgreSQL', POSTGRES_URL, () => {
  let schema: TestSchema;
  beforeEach(async () => {
    schema = new TestSchema();
    await schema.create();
  });
  afterEach(() => schema.drop());

  keepsTheContract(() => ({
    open: () => new PostgresConnection(POSTGRES_URL, { ...PATIENT, schema: schema.name, maxConnections: 4 }),
    columnsOf: async (table) => {
      const sql = `SELECT column_name AS name, is_nullable = 'YES' AS optional FROM information_schema.columns
        WHERE table_schema = $1 AND table_name = $2 ORDER BY ordinal_position`;
      return (await schema.admin.query<Column>(sql, [schema.name, table])).rows;
    },
  }));
});
