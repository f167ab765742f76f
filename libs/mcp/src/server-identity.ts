/** Name and version this server gives to clients. */
export abstract class ServerIdentity {
  abstract readonly name: string;
  abstract readonly title: string;
  abstract readonly version: string;
  /** For the client's model: what this server is for. */
  abstract readonly instructions: string;
}
