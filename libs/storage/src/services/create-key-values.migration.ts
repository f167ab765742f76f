import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The table of keys and values, and the order in which they expire. */
export class CreateKeyValues1790000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE ${table(runner)} (
        key text COLLATE "C" PRIMARY KEY,
        value text COLLATE "C" NOT NULL,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query(`CREATE INDEX mcp_key_values_expiry ON ${table(runner)} (expires_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE ${table(runner)}`);
  }
}

function table(runner: QueryRunner): string {
  const { options, driver } = runner.dataSource;
  const schema = 'schema' in options && typeof options.schema === 'string' ? options.schema : 'public';
  return `${driver.escape(schema)}.mcp_key_values`;
}
