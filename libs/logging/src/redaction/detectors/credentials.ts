import { type Detector, secret, START } from '../detector.js';
import { isGiven, isPassword, isToken } from './values.js';

const PASSWORD = String.raw`(?:password|passwd|passphrase|passcode|(?<![a-z])pwd|(?<=[_-])pass|(?<=["'])pass(?=\\{0,3}["'][ \t]{0,4}:[ \t]{0,4}\\{0,3}["'])|(?<![a-z0-9])_auth(?=[=:]))`;
const PASSWORD_ANCHORS = ['pass', 'pwd', '_auth'];
/** Not the marks by which lists and waiting calls go on. */
const TOKEN = String.raw`(?:secret|(?<!(?:next|page|continuation|cancel|cancellation|sync|design|syntax)[_-]?)token|api[_-]?key|(?:access|private|account|signing|encryption|master|shared|auth|service|license)[_-]?key|credentials?|(?:jsession|phpsess|asp\.net_session)id|session[_-]?key|connect\.sid|x-amz-signature|[?&]sig(?==)|[?&]code(?==)|code_verifier|client_assertion)`;
const TOKEN_ANCHORS = [
  'secret',
  'token',
  'api_key',
  'apikey',
  'api-key',
  'access',
  'private',
  'account',
  'signing',
  'encryption',
  'master',
  'shared',
  'auth',
  'service',
  'license',
  'credential',
  'jsessionid',
  'phpsessid',
  'asp.net_session',
  'session',
  'connect.sid',
  'x-amz-signature',
  '?sig',
  '&sig',
  '?code',
  '&code',
  'code_verifier',
  'client_assertion',
];
/** What may follow in the name of a setting, e.g. `secret_access_key`. */
const REST = String.raw`(?:[_-]?(?:access[_-]?key|key|base|value|hash|plain|text|base64|b64|old|new|current|\d{1,3})){0,2}`;
const SEPARATOR = String.raw`(?:\\{0,3}["']\]?)?[ \t]{0,4}(?:=>|:=|=(?!=)|:(?!:)|%3[AD])[ \t]{0,4}`;
const QUOTE = String.raw`(?<quote>\\{0,3}["'${'`'}])`;
const QUOTED = String.raw`(?:(?!\k<quote>)(?:\\.|[^\r\n\\])){1,1024}(?=\k<quote>)`;
const BARE = String.raw`(?:(?!%26|%22)[^\s"'${'`'},;&<>|(){}\[\]\\]){3,512}(?<![.:])`;

const scheme = String.raw`(?:\b(?:bearer|basic|digest|token|apikey|negotiate|dpop|aws4-hmac-sha256)[ \t]{1,4})`;
const isBasic = (value: string): boolean => {
  const text = Buffer.from(value, 'base64').toString('latin1');
  return /^[\x20-\x7e]+$/.test(text) && text.includes(':');
};

/**
 * What is attached to `-p` is the password of a client of MySQL, where it is a database behind a blank; others take the
 * blank.
 */
const MYSQL = /\b(?:mysql|mariadb)[a-z-]{0,12} [^|;\n]{0,150}-p["']?$/;
const OTHERS =
  /\b(?:(?:docker|podman|helm|oras|nerdctl|skopeo)[a-z ]{1,20}login [^|;\n]{0,150}-p|redis-cli [^|;\n]{0,150}-a)[ =]["']?$/;
function isArgument(value: string, text: string, end: number): boolean {
  const start = end - value.length;
  const before = text.slice(Math.max(0, start - 180), start);
  return (MYSQL.test(before) || OTHERS.test(before)) && isGiven(value);
}

/** Values that are secrets because of what stands before them. */
export const CREDENTIALS: readonly Detector[] = [
  secret(
    'authorization',
    ['authorization'],
    String.raw`(?<kept>authorization${SEPARATOR}\[?(?:\\{0,3}["'])?${scheme})[^\s"'<>\\,;)\]}${'`'}]{3,4096}`,
    isGiven,
  ),
  secret(
    'authorization',
    ['authorization'],
    String.raw`(?<kept>authorization${SEPARATOR}\[?(?:\\{0,3}["'])?)[^\s"'<>\\,;)\]}\[{(${'`'}]{6,4096}`,
    isToken,
  ),
  secret('bearer', ['bearer '], String.raw`(?<kept>\bbearer[ \t]{1,4})[A-Za-z0-9._~+/-]{8,4096}={0,2}`, isToken),
  secret(
    'basic',
    ['basic '],
    String.raw`(?<kept>\bbasic[ \t]{1,4})[A-Za-z0-9+/]{8,1024}={0,2}(?![A-Za-z0-9])`,
    isBasic,
  ),
  secret(
    'cookie',
    ['cookie'],
    String.raw`(?<kept>cookies?\\{0,3}["']?[ \t]{0,4}[:=][ \t]{0,4}\[?\\{0,3}["']?(?!(?:samesite|path|domain|expires|max-age)=)(?=[\w.-]{1,64}=))[^\r\n"'\\]{4,4096}`,
    (value) => !/^[\w.]+=(?:true|false|\d{1,2})?(?:$|[,; ])(?!.*=)/.test(value),
  ),
  secret(
    'password',
    PASSWORD_ANCHORS,
    `(?<kept>${PASSWORD}${REST}${SEPARATOR})(?:${QUOTE}${QUOTED}|(?!/)${BARE})`,
    isPassword,
  ),
  secret(
    'password',
    ['password', 'identified by '],
    String.raw`(?<kept>(?:password|identified by)[ \t]{1,4}')[^'\r\n]{1,256}(?=')`,
    isPassword,
  ),
  secret('password', ['login '], String.raw`(?<kept>login[ \t]+\S{1,64}[ \t]+password[ \t]+)\S{3,256}`, isPassword),
  secret('password', ['passw', 'pass>'], String.raw`(?<kept>pass(?:word|wd)?>)[^<>\r\n]{1,256}(?=</)`, isPassword),
  secret('password', ['sshpass '], String.raw`(?<kept>sshpass[ \t]+-p[ \t]*["']?)[^\s"']{3,256}`),
  secret(
    'password',
    [' -u ', ' --user '],
    String.raw`(?<kept> (?:-u|--user)[ =]["']?[^\s:"']{1,64}:)(?<=\bcurl\b[^\r\n]{0,200})[^\s"']{3,256}`,
    isPassword,
  ),
  secret('password', [' -p', ' -a '], String.raw`(?<kept> -[pa][ =]?["']?)(?!-)[^\s"']{3,256}`, isArgument),
  secret('password', [' pass:'], String.raw`(?<=-pass(?:in|out)?)(?<kept> pass:)[^\s"']{3,256}`, isGiven),
  secret(
    'password',
    ['env '],
    String.raw`(?<kept>\bENV[ \t]{1,4}\w{0,64}(?:PASSWORD|SECRET|TOKEN|KEY)[ \t]{1,4}["']?)[^\s"']{3,256}`,
    isToken,
  ),
  secret(
    'password',
    ['--pass'],
    String.raw`(?<kept>--pass(?:word|wd|phrase)?[ \t]+["']?)(?!-)[^\s"'<>|]{3,256}`,
    isPassword,
  ),
  secret(
    'token',
    ['--token', '--api-key', '--apikey', '--secret', '--auth-token', '--access-token', '--client-secret'],
    String.raw`(?<kept>--[a-z-]{0,20}(?:token|key|secret)[ \t]+["']?)(?!-)[^\s"'<>|]{6,512}`,
    isToken,
  ),
  secret('token', TOKEN_ANCHORS, `(?<kept>${TOKEN}${REST}${SEPARATOR})(?:${QUOTE}${QUOTED}|${BARE})`, isToken),
  secret(
    'token',
    ['token>', 'secret>', 'key>'],
    String.raw`(?<kept>(?:token|secret|key)>)[^<>\r\n]{6,512}(?=</)`,
    isToken,
  ),
  {
    name: 'jwk_key',
    dataClass: 'secret',
    anchors: ['"d"', '"k"', '\\"d\\"'],
    pattern: /(?<kept>\\{0,3}"[dk]\\{0,3}"[ ]{0,2}:[ ]{0,2}\\{0,3}")[A-Za-z0-9_-]{40,1024}(?=\\{0,3}")/y,
  },
  {
    name: 'auth_code',
    dataClass: 'secret',
    anchors: ['otpauth://'],
    pattern: new RegExp(String.raw`(?<kept>${START}otpauth://[^\s"'<>]{1,200}[?&]secret=)[A-Za-z2-7=]{8,128}`, 'y'),
  },
];
