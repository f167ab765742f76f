import { ServerSettings } from '@app/config';

const HOST = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/;
const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

export type HostVerdict = 'allowed' | 'malformed' | 'foreign';

/** Whether a request was meant for this server (Host) and comes from a page that may call it (Origin). */
export class OriginRules {
  private readonly hosts: ReadonlySet<string>;
  private readonly origins: ReadonlySet<string>;
  /** Nearly every request names the same host as the one before. */
  private lastAllowed?: string;

  /** @param port the port the server listens on, which may differ from the configured one. */
  constructor(settings: ServerSettings, port: number) {
    const publicUrl = settings.publicUrl === undefined ? undefined : new URL(settings.publicUrl);
    this.hosts = new Set([
      ...LOOPBACK,
      bracket(settings.host),
      ...settings.allowedHosts.map(bracket),
      ...(publicUrl ? [publicUrl.hostname] : []),
    ]);
    this.origins = new Set([
      ...LOOPBACK.map((host) => `http://${host}:${port}`),
      ...settings.allowedOrigins,
      ...(publicUrl ? [publicUrl.origin] : []),
    ]);
  }

  host(value: string | undefined): HostVerdict {
    if (value !== undefined && value === this.lastAllowed) return 'allowed';
    const verdict = this.judgeHost(value);
    if (verdict === 'allowed') this.lastAllowed = value;
    return verdict;
  }

  private judgeHost(value: string | undefined): HostVerdict {
    const found = value === undefined ? null : HOST.exec(value.toLowerCase());
    if (found === null) return 'malformed';
    return this.hosts.has(found[1]!) ? 'allowed' : 'foreign';
  }

  /** Native clients send no Origin; a browser always does. */
  origin(value: string | undefined): boolean {
    return value === undefined || this.origins.has(value);
  }
}

const bracket = (host: string): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host}]` : host.toLowerCase();
