import { ArrayMinSize, ArrayUnique, IsIn, IsOptional, IsString, IsUrl, Matches } from 'class-validator';
import { BETWEEN_KEYS, IsConfigKey, kidOf } from './config-key.js';
import { IsConnectionUrl } from './connection-url.js';
import { ListOf, Secret, Whole } from './environment-rules.js';
import { IsNetwork } from './network.js';

/** A name of a claim, or a path of names into it. */
const CLAIM = /^[A-Za-z0-9_:/.-]{1,200}$/;
const HEADER = /^[a-z0-9-]{1,64}$/;
const HTTP_URL = { require_tld: false, require_protocol: true, protocols: ['http', 'https'], disallow_auth: true };

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Every environment variable the server reads, with its default and its rule: the one schema.
 * `.env.example` is compared with it by a test.
 */
export class Environment {
  /** `production` refuses to start without authentication. */
  @IsIn(['development', 'test', 'production'])
  NODE_ENV: string = 'development';

  @IsIn(LOG_LEVELS)
  LOG_LEVEL: LogLevel = 'info';

  /** `json` for machines, `pretty` for a person at a terminal. */
  @IsIn(['json', 'pretty'])
  LOG_FORMAT: 'json' | 'pretty' = 'json';

  /** Address to listen on. Anything but loopback needs authentication. */
  @Matches(/^[A-Za-z0-9.:_-]+$/)
  HOST: string = '127.0.0.1';

  /** 0 lets the system choose. */
  @Whole(0, 65535)
  PORT: number = 3000;

  /** URL clients use when it differs from HOST and PORT, e.g. behind a gateway. */
  @IsOptional()
  @IsUrl(HTTP_URL)
  PUBLIC_URL?: string;

  /** `name=path`, comma-separated; a path alone takes its last folder's name. Default: the current directory. */
  @ListOf()
  @IsString({ each: true })
  WORKSPACE_ROOTS: string[] = [];

  /** Origins of browser clients that may call, comma-separated, e.g. `https://app.example.com`. */
  @ListOf()
  @Matches(/^https?:\/\/[A-Za-z0-9.:[\]-]+$/, { each: true })
  ALLOWED_ORIGINS: string[] = [];

  /** Host names accepted besides loopback ones, comma-separated, without port. */
  @ListOf()
  @Matches(/^[A-Za-z0-9.:[\]-]+$/, { each: true })
  ALLOWED_HOSTS: string[] = [];

  /** Largest request body in bytes. */
  @Whole(1024, 268_435_456)
  MAX_BODY_BYTES: number = 8_388_608;

  /** `core`, `default`, `all`, or a comma-separated list of toolset names. */
  @ListOf()
  @ArrayMinSize(1)
  @Matches(/^[a-z][a-z0-9_-]*$/, { each: true })
  TOOLSETS: string[] = ['default'];

  /** Length of the window in which calls are counted. */
  @Whole(1, 86_400_000)
  RATE_LIMIT_WINDOW_MS: number = 60_000;

  /** Calls one principal may make of one tool in any window. */
  @Whole(1, 65_535)
  RATE_LIMIT_MAX_REQUESTS: number = 100;

  /** Database of the server's own state; default an embedded one. May hold a password. */
  @Secret()
  @IsOptional()
  @IsConnectionUrl('postgres', 'postgresql')
  DATABASE_URL?: string;

  /** What replicas share; default nothing. May hold a password. */
  @Secret()
  @IsOptional()
  @IsConnectionUrl('redis', 'rediss')
  REDIS_URL?: string;

  /** The policy file, YAML or JSON; read again on SIGHUP. */
  @IsOptional()
  @IsString()
  CONFIG_FILE?: string;

  /** Folder for what the server keeps: its embedded database, the audit journal, keys. Default: a folder of the user's. */
  @IsOptional()
  @IsString()
  DATA_DIR?: string;

  /** Who issues the tokens: the `iss` they must have. */
  @IsOptional()
  @IsUrl(HTTP_URL)
  AUTH_ISSUER?: string;

  /** The `aud` tokens must have, comma-separated. Default: PUBLIC_URL with /mcp. */
  @ListOf()
  @IsString({ each: true })
  AUTH_AUDIENCE: string[] = [];

  /** Where the issuer publishes its keys. Default: what its metadata says. */
  @IsOptional()
  @IsUrl(HTTP_URL)
  AUTH_JWKS_URL?: string;

  /** The issuer's public keys, as PEM, instead of AUTH_JWKS_URL. */
  @Secret()
  @IsOptional()
  @IsString()
  AUTH_PUBLIC_KEYS?: string;

  /** Secret of tokens signed with HS256, for small setups: at least 32 bytes. */
  @Secret()
  @IsOptional()
  @IsString()
  AUTH_SECRET?: string;

  /** Where the issuer says whether a token is active (RFC 7662), for tokens that are no JWT. */
  @IsOptional()
  @IsUrl(HTTP_URL)
  AUTH_INTROSPECTION_URL?: string;

  @IsOptional()
  @IsString()
  AUTH_CLIENT_ID?: string;

  @Secret()
  @IsOptional()
  @IsString()
  AUTH_CLIENT_SECRET?: string;

  /** Longest life of a token in seconds, from its issue to its expiry. */
  @Whole(60, 604_800)
  AUTH_MAX_TOKEN_AGE_S: number = 3_600;

  /** Claim that names the tenant; a token without it belongs to the tenant `default`. */
  @Matches(CLAIM)
  AUTH_TENANT_CLAIM: string = 'tenant';

  /** Claim that names the roles, a list or a text with spaces. */
  @Matches(CLAIM)
  AUTH_ROLES_CLAIM: string = 'roles';

  /** `on` accepts API keys as bearer tokens; `keys create` makes them. */
  @IsIn(['on', 'off'])
  AUTH_API_KEYS: 'on' | 'off' = 'off';

  /** Header in which a trusted proxy hands on a signed token of the caller, e.g. x-forwarded-access-token. */
  @IsOptional()
  @Matches(HEADER)
  AUTH_GATEWAY_HEADER?: string;

  /** Header in which a trusted proxy hands on the certificate of the caller, in the form of x-forwarded-client-cert. */
  @IsOptional()
  @Matches(HEADER)
  AUTH_CLIENT_CERT_HEADER?: string;

  /** Who calls over stdio: a token or an API key. Without it: the local principal. */
  @Secret()
  @IsOptional()
  @IsString()
  AUTH_TOKEN?: string;

  /** Addresses and networks of proxies whose forwarding headers count, comma-separated, e.g. `10.0.0.0/8`. */
  @ListOf()
  @IsNetwork({ each: true })
  TRUSTED_PROXIES: string[] = [];

  /** Keys of encrypted settings, `kid:base64` of 32 random bytes, comma-separated or one a line, newest first. */
  @Secret()
  @ListOf(BETWEEN_KEYS)
  @ArrayUnique(kidOf, { message: '$property must not name two keys alike' })
  @IsConfigKey({ each: true })
  CONFIG_KEYS: string[] = [];

  /** `database` keeps audit records chained and signed; `log` writes them as lines of the log only. */
  @IsIn(['database', 'log'])
  AUDIT_STORE: 'database' | 'log' = 'database';

  /** Days an audit record is kept; 0 keeps all. */
  @Whole(0, 36_500)
  AUDIT_RETENTION_DAYS: number = 0;

  /** Milliseconds to go on serving after SIGTERM, while a gateway learns of it. */
  @Whole(0, 60_000)
  PRE_STOP_MS: number = 0;

  /** Milliseconds calls in flight get to finish at shutdown. */
  @Whole(100, 600_000)
  DRAIN_TIMEOUT_MS: number = 25_000;
}
