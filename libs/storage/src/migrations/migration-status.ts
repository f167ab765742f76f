/** How far the tables of a database are. Names of migrations, oldest first. */
export interface MigrationStatus {
  readonly applied: readonly string[];
  /** What the server will do when it opens the database. */
  readonly pending: readonly string[];
  /** Applied by a newer server, and unknown to this one: it refuses to open the database. */
  readonly unknown: readonly string[];
}

/** What an operator can ask of the tables of a database, also of one that the server refuses to open. */
export interface MigratedDatabase {
  /** Changes nothing. @throws ServerError POLICY_UNAVAILABLE */
  migrationStatus(): Promise<MigrationStatus>;

  /**
   * Takes the last migrations back, and with them what is in their tables: before an older server is started, while
   * none runs. The next that opens the database applies its own again.
   * @param count at most so many; 1 or more
   * @returns what was taken back, newest first @throws ServerError POLICY_UNAVAILABLE; nothing is then taken back
   */
  migrateBack(count: number): Promise<readonly string[]>;
}
