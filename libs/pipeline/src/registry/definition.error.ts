/** Tools, prompts or resources that are not well defined: the server does not boot, and every reason is told. */
export class DefinitionError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`Definitions that cannot be served:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'DefinitionError';
  }
}
