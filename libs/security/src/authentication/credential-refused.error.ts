/** What was shown proves nobody. The reason is for the log: whoever asks is told the same whatever it is. */
export class CredentialRefused extends Error {
  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'CredentialRefused';
  }
}
