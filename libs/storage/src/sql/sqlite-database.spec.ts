import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { outcomeOf } from '../fixtures/outcome.js';
import { until } from '../fixtures/polling.js';
import type { SqliteTask } from '../fixtures/sqlite-process.js';
import { schemaChanges } from '../migrations/schema-changes.js';
import type { RunStatement } from './sql-database.js';
import { SqliteDatabase, type SqliteSettings } from './sqlite-database.js';

const PATIENT: Partial<SqliteSettings> = { operationTimeoutMs: 30_000, openTimeoutMs: 60_000, retryGapMs: 0 };
/** How long a statement may take before its thread is given up. */
const SHORT_MS = 300;
const UNAVAILABLE = 'POLICY_UNAVAILABLE';
/** Works without pause for as long as it takes to count so far. */
const count = (statement: RunStatement, upTo: number) =>
  statement<{ n: number }>(
    'WITH RECURSIVE c(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM c WHERE x < $1) SELECT count(*) AS n FROM c',
    [upTo],
  );
const LONG = 30_000_000;

describe('SqliteDatabase', () => {
  let root: string;
  let dataDir: string;
  let file: string;
  const opened: SqliteDatabase[] = [];
  const children: ChildProcess[] = [];
  const connect = (settings: Partial<SqliteSettings> = PATIENT): SqliteDatabase => {
    const database = new SqliteDatabase(dataDir, settings);
    opened.push(database);
    return database;
  };
  const put = (statement: RunStatement, key: string) =>
    statement(`INSERT INTO mcp_key_values VALUES ($1, 'v', 0)`, [key]);
  const keys = async (database: SqliteDatabase): Promise<string[]> =>
    (
      await database.run((statement) =>
        statement<{ key: string }>('SELECT key FROM mcp_key_values WHERE expires_at < $1 ORDER BY key', [1]),
      )
    ).rows.map(({ key }) => key);
  const answersAgain = (database: SqliteDatabase): Promise<void> =>
    until('an answer', async () => (await outcomeOf(database.ping())).error === undefined, 25_000);

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sqlite-'));
    dataDir = join(root, 'not', 'there');
    file = join(dataDir, 'state.db');
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await Promise.all(opened.splice(0).map((database) => database.close()));
    await rm(root, { recursive: true });
  });

  it('makes its folder and its files when it is first used, for this user alone', async () => {
    const database = connect();
    expect(await readdir(root)).toEqual([]);
    expect(await database.migrationStatus()).toMatchObject({ applied: [] });
    expect(await readdir(root)).toEqual([]);
    await database.run((statement) => put(statement, 'a'));
    const modes = await Promise.all(
      (await readdir(dataDir)).map(async (name) => [name, (await stat(join(dataDir, name))).mode & 0o777]),
    );
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    expect(modes).toEqual([
      ['state.db', 0o600],
      ['state.db-shm', 0o600],
      ['state.db-wal', 0o600],
    ]);
    await database.close();
    expect(await readdir(dataDir)).toEqual(['state.db']);
    expect(await keys(connect())).toEqual(['a']);
  });

  it('is set to lose nothing, to trust no schema, and to overwrite what is deleted', async () => {
    const database = connect();
    const pragma = async (name: string): Promise<unknown> => {
      const { rows } = await database.run((statement) =>
        statement<Record<string, unknown>>(`SELECT * FROM pragma_${name} WHERE $1 = 1`, [1]),
      );
      return Object.values(rows[0]!)[0];
    };
    const names = ['journal_mode', 'synchronous', 'foreign_keys', 'trusted_schema', 'secure_delete', 'busy_timeout'];
    expect(await Promise.all(names.map(pragma))).toEqual(['wal', 2, 1, 0, 1, 15_000]);
  });

  it('answers ten thousand statements of two hundred callers, each his own', async () => {
    const database = connect();
    const caller = async (name: number): Promise<number> => {
      let right = 0;
      for (let each = 0; each < 50; each++) {
        const asked = `${name}/${each}`;
        const { rows } = await database.run((statement) => statement('SELECT $1 AS said', [asked]));
        if ((rows as { said: string }[])[0]!.said === asked) right++;
      }
      return right;
    };
    const right = await Promise.all(Array.from({ length: 200 }, (_, name) => caller(name)));
    expect(right.reduce((sum, each) => sum + each, 0)).toBe(10_000);
  });

  it('refuses more than may wait, and answers those who do', async () => {
    const database = connect({ ...PATIENT, maxRunning: 10 });
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => outcomeOf(database.ping())));
    expect(outcomes.map(({ code }) => code)).toEqual([
      ...Array.from({ length: 10 }, () => undefined),
      ...Array.from({ length: 20 }, () => 'OVERLOADED'),
    ]);
  });

  it('leaves the event loop free while a statement works', async () => {
    const database = connect();
    await database.ping();
    let ticks = 0;
    let found: unknown;
    const asked = database.run((statement) => count(statement, 5_000_000)).then(({ rows }) => (found = rows));
    await until('the statement', async () => {
      ticks++;
      return found !== undefined;
    });
    await asked;
    expect([found, ticks > 100]).toEqual([[{ n: 5_000_000 }], true]);
  });

  it('keeps what was sent out of its errors', async () => {
    const database = connect();
    const secret = 'hunter2';
    await database.run((statement) => put(statement, secret));
    const attempts = [
      database.run((statement) => put(statement, secret)),
      database.transaction((statement) => put(statement, secret)),
      database.run((statement) => statement('SELECT $1 FROM nowhere', [secret])),
      database.run((statement) => statement('SELECT $1, $2', [secret])),
      database.run((statement) => statement('SELECT $1', [{ secret }])),
      database.run((statement) => statement('SELECT $1', [() => 'hunter2'])),
      database.run((statement) => statement('SELECT $1', [Number.NaN])),
      database.run((statement) => statement(`SELECT json_extract($1, '$.a')`, [secret])),
      database.run((statement) => statement('INSERT INTO mcp_key_values VALUES ($1, $1, $1)', [secret])),
    ];
    for (const attempt of attempts) {
      const { code, error } = await outcomeOf(attempt);
      expect(code).toBe(UNAVAILABLE);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
    }
    expect(await keys(database)).toEqual([secret]);
  });

  it('gives up a statement that does not end, with all of its transaction, and goes on', async () => {
    const database = connect({ ...PATIENT, operationTimeoutMs: SHORT_MS, checkedBytes: 0 });
    await answersAgain(database);
    const stuck = await outcomeOf(
      database.transaction(async (statement) => {
        await put(statement, 'half');
        await count(statement, LONG);
      }),
    );
    expect(stuck.code).toBe(UNAVAILABLE);
    await answersAgain(database);
    // It can write again when the thread that was given up has noticed.
    const patient = connect();
    await patient.transaction((statement) => put(statement, 'whole'));
    expect(await keys(patient)).toEqual(['whole']);
  });

  it('ends soon for everybody who waits behind a statement that does not end', async () => {
    const database = connect({ ...PATIENT, operationTimeoutMs: SHORT_MS });
    await answersAgain(database);
    const waiting = [
      database.run((statement) => count(statement, LONG)),
      ...Array.from({ length: 20 }, () => database.ping()),
    ];
    for (const { tookMs } of await Promise.all(waiting.map(outcomeOf))) expect(tookMs).toBeLessThan(20_000);
    await answersAgain(database);
  });

  it('starts no more threads than a few, however many do not end', async () => {
    const database = connect({ ...PATIENT, operationTimeoutMs: SHORT_MS, maxRunning: 4 });
    const { threads } = database as unknown as { readonly threads: ReadonlySet<unknown> };
    let most = 0;
    for (let tries = 0; tries < 12; tries++) {
      await outcomeOf(database.run((statement) => count(statement, LONG / 3)));
      most = Math.max(most, threads.size);
    }
    expect(most).toBeLessThanOrEqual(4);
    await answersAgain(database);
  });

  it('rolls back, and goes on with the same thread, when work forgets to end', async () => {
    const database = connect({ ...PATIENT, operationTimeoutMs: SHORT_MS });
    await answersAgain(database);
    const stuck = outcomeOf(
      database.transaction(async (statement) => {
        await put(statement, 'half');
        await new Promise(() => undefined);
      }),
    );
    expect((await stuck).code).toBe(UNAVAILABLE);
    await answersAgain(database);
    expect(await keys(connect())).toEqual([]);
  });

  it('is not stuck for good when work asks again inside of itself', async () => {
    const database = connect({ ...PATIENT, operationTimeoutMs: SHORT_MS });
    await answersAgain(database);
    expect((await outcomeOf(database.run(() => database.ping()))).code).toBe(UNAVAILABLE);
    await answersAgain(database);
  });

  it('ends what is under way when it is closed, and stays closed', async () => {
    const database = connect();
    await database.ping();
    const asked = outcomeOf(database.run((statement) => count(statement, 3_000_000)));
    await setImmediate();
    await database.close();
    expect((await asked).code).toBe(UNAVAILABLE);
    expect(await outcomeOf(database.ping())).toMatchObject({
      code: UNAVAILABLE,
      error: { cause: { message: 'the connection is closed' } },
    });
  });

  describe('on a damaged file', () => {
    const fill = async (): Promise<void> => {
      const database = connect();
      const sql = `WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 500)
        INSERT INTO mcp_key_values SELECT 'k' || i, hex(randomblob(200)), $1 FROM n`;
      await database.run((statement) => statement(sql, [0]));
      await database.close();
    };
    const overwrite = async (from: number, bytes: number): Promise<void> => {
      const handle = await open(file, 'r+');
      await handle.write(Buffer.alloc(bytes, 0xa5), 0, bytes, from);
      await handle.close();
    };

    it.each<[string, () => Promise<void>]>([
      ['in its head', () => overwrite(0, 100)],
      ['in the list of its tables', () => overwrite(100, 900)],
      ['in the middle', () => overwrite(20 * 4_096, 4_096 * 2)],
      ['by being cut', () => truncate(file, 50_000)],
      ['by being another file', () => writeFile(file, 'not a database, but long enough to look at\n'.repeat(200))],
    ])('says so when it is opened, and leaves it as it is: %s', async (_, damage) => {
      await fill();
      await damage();
      const before = await readFile(file);
      const { code, error } = await outcomeOf(connect().ping());
      expect([code, (error as Error).message]).toEqual([UNAVAILABLE, 'The database in DATA_DIR is damaged.']);
      expect((await readFile(file)).equals(before)).toBe(true);
    });

    it('begins anew when it is moved away', async () => {
      await fill();
      await overwrite(0, 100);
      const database = connect();
      await outcomeOf(database.ping());
      await rename(file, join(root, 'damaged.db'));
      expect(await keys(database)).toEqual([]);
    });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['lies under a file', () => writeFile(join(root, 'not'), '')],
    ['holds a folder in its place', () => mkdir(file, { recursive: true })],
  ])('says which setting is wrong when DATA_DIR %s, and goes on when that is put right', async (_, spoil) => {
    await spoil();
    const database = connect();
    const { code, error } = await outcomeOf(database.ping());
    const { message } = error as Error;
    expect([code, message]).toEqual([UNAVAILABLE, 'The database in DATA_DIR cannot be opened for writing.']);
    expect(message).not.toContain(root);
    expect((await outcomeOf(database.migrateBack(1))).code).toBe(UNAVAILABLE);
    await rm(join(root, 'not'), { recursive: true });
    await database.ping();
  });

  describe('shared with another process', () => {
    const start = (act: SqliteTask['act'], times: number): ChildProcess => {
      const task: SqliteTask = {
        act,
        times,
        file: {
          path: file,
          busyTimeoutMs: 30_000,
          openTimeoutMs: 30_000,
          checkedBytes: 0,
          changes: schemaChanges('sqlite', (name) => `"${name}"`),
        },
      };
      const script = join(import.meta.dirname, '..', 'fixtures', 'sqlite-process.ts');
      const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      return child;
    };
    const valueOf = async (database: SqliteDatabase): Promise<string | undefined> =>
      (
        await database.run((statement) =>
          statement<{ value: string }>('SELECT value FROM mcp_key_values WHERE key = $1', ['n']),
        )
      ).rows[0]?.value;

    it('makes the tables once when both start at the same time, and loses no change of either', async () => {
      await mkdir(dataDir, { recursive: true });
      await writeFile(file, '');
      const others = [start('add', 30), start('add', 30)];
      const ended = Promise.all(others.map((child) => once(child, 'exit')));
      const mine = connect();
      const sql = `INSERT INTO mcp_key_values VALUES ($1, '1', 0)
        ON CONFLICT (key) DO UPDATE SET value = CAST(mcp_key_values.value + 1 AS text)`;
      for (let time = 0; time < 30; time++) await mine.run((statement) => statement(sql, ['n']));
      expect(await ended).toEqual([
        [0, null],
        [0, null],
      ]);
      expect([await valueOf(mine), (await mine.migrationStatus()).pending]).toEqual(['90', []]);
    });

    it('keeps nothing of a transaction in which the other is killed', async () => {
      await mkdir(dataDir, { recursive: true });
      await writeFile(file, '');
      const other = start('hold', 1);
      await once(other.stdout!, 'data');
      const mine = connect();
      expect(await valueOf(mine)).toBe('0');
      const ended = once(other, 'exit');
      other.kill('SIGKILL');
      await ended;
      await mine.transaction((statement) => put(statement, 'mine'));
      expect([await valueOf(mine), await keys(mine)]).toEqual(['0', ['mine', 'n']]);
    });

    it('gives up waiting for one that does not end its transaction, and keeps its thread', async () => {
      await mkdir(dataDir, { recursive: true });
      await writeFile(file, '');
      const other = start('hold', 1);
      await once(other.stdout!, 'data');
      const mine = connect({ ...PATIENT, operationTimeoutMs: 4_000 });
      await answersAgain(mine);
      const { threads } = mine as unknown as { readonly threads: ReadonlySet<unknown> };
      const before = [...threads];
      const { code } = await outcomeOf(mine.run((statement) => put(statement, 'mine')));
      expect(code).toBe(UNAVAILABLE);
      await answersAgain(mine);
      expect([before.length, [...threads]]).toEqual([1, before]);
    });
  });
});
