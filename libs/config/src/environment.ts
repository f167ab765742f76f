import { Transform, type TransformFnParams } from 'class-transformer';
import { ArrayMinSize, IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min } from 'class-validator';
import { IsConnectionUrl } from './connection-url.js';
import { IsConfigKey } from './config-key.js';
import { IsNetwork } from './network.js';

const DECIMAL = /^-?\d+$/;
/** Only plain decimal text becomes a number, so that `0x1F`, `1e3` and `` stay strings and are refused. */
const toInt = ({ value }: TransformFnParams): unknown =>
  typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value;
/** A name of a claim, or a path of names into it. */
const CLAIM = /^[A-Za-z0-9_:/.-]{1,200}$/;
const HEADER = /^[a-z0-9-]{1,64}$/;
const toList = ({ value }: TransformFnParams): unknown =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
    : value;

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
  @Transform(toInt)
  @IsInt()
  @Min(0)
  @Max(65535)
  PORT: number = 3000;

  /** URL clients use when it differs from HOST and PORT, e.g. behind a gateway. */
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  PUBLIC_URL?: string;

  /** `name=path`, comma-separated; a path alone takes its last folder's name. Default: the current directory. */
  @Transform(toList)
  @IsString({ each: true })
  WORKSPACE_ROOTS: string[] = [];

  /** Origins of browser clients that may call, comma-separated, e.g. `https://app.example.com`. */
  @Transform(toList)
  @Matches(/^https?:\/\/[A-Za-z0-9.:[\]-]+$/, { each: true })
  ALLOWED_ORIGINS: string[] = [];

  /** Host names accepted besides loopback ones, comma-separated, without port. */
  @Transform(toList)
  @Matches(/^[A-Za-z0-9.:[\]-]+$/, { each: true })
  ALLOWED_HOSTS: string[] = [];

  /** Largest request body in bytes. */
  @Transform(toInt)
  @IsInt()
  @Min(1024)
  @Max(268_435_456)
  MAX_BODY_BYTES: number = 8_388_608;

  /** `core`, `default`, `all`, or a comma-separated list of toolset names. */
  @Transform(toList)
  @ArrayMinSize(1)
  @Matches(/^[a-z][a-z0-9_-]*$/, { each: true })
  TOOLSETS: string[] = ['default'];

  /** Length of the window in which calls are counted. */
  @Transform(toInt)
  @IsInt()
  @Min(1)
  @Max(86_400_000)
  RATE_LIMIT_WINDOW_MS: number = 60_000;

  /** Calls one principal may make of one tool in any window. */
  @Transform(toInt)
  @IsInt()
  @Min(1)
  @Max(65_535)
  RATE_LIMIT_MAX_REQUESTS: number = 100;

  /** Database of the server's own state; default an embedded one. May hold a password. */
  @IsOptional()
  @IsConnectionUrl('postgres', 'postgresql')
  DATABASE_URL?: string;

  /** What replicas share; default nothing. May hold a password. */
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
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  AUTH_ISSUER?: string;

  /** The `aud` tokens must have, comma-separated. Default: PUBLIC_URL with /mcp. */
  @Transform(toList)
  @IsString({ each: true })
  AUTH_AUDIENCE: string[] = [];

  /** Where the issuer publishes its keys. Default: what its metadata says. */
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  AUTH_JWKS_URL?: string;

  /** The issuer's public keys, as PEM, instead of AUTH_JWKS_URL. */
  @IsOptional()
  @IsString()
  AUTH_PUBLIC_KEYS?: string;

  /** Secret of tokens signed with HS256, for small setups: at least 32 bytes. */
  @IsOptional()
  @IsString()
  AUTH_SECRET?: string;

  /** Where the issuer says whether a token is active (RFC 7662), for tokens that are no JWT. */
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  AUTH_INTROSPECTION_URL?: string;

  @IsOptional()
  @IsString()
  AUTH_CLIENT_ID?: string;

  @IsOptional()
  @IsString()
  AUTH_CLIENT_SECRET?: string;

  /** Longest life of a token in seconds, from its issue to its expiry. */
  @Transform(toInt)
  @IsInt()
  @Min(60)
  @Max(604_800)
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
  @IsOptional()
  @IsString()
  AUTH_TOKEN?: string;

  /** Addresses and networks of proxies whose forwarding headers count, comma-separated, e.g. `10.0.0.0/8`. */
  @Transform(toList)
  @IsNetwork({ each: true })
  TRUSTED_PROXIES: string[] = [];

  /** Keys of encrypted settings, `kid:base64` of 32 bytes, comma-separated, newest first. */
  @Transform(toList)
  @IsConfigKey({ each: true })
  CONFIG_KEYS: string[] = [];

  /** Days an audit record is kept; 0 keeps all. */
  @Transform(toInt)
  @IsInt()
  @Min(0)
  @Max(36_500)
  AUDIT_RETENTION_DAYS: number = 0;

  /** Milliseconds to go on serving after SIGTERM, while a gateway learns of it. */
  @Transform(toInt)
  @IsInt()
  @Min(0)
  @Max(60_000)
  PRE_STOP_MS: number = 0;

  /** Milliseconds calls in flight get to finish at shutdown. */
  @Transform(toInt)
  @IsInt()
  @Min(100)
  @Max(600_000)
  DRAIN_TIMEOUT_MS: number = 25_000;
}
