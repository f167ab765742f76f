import type { Detector } from '../detector.js';
import { hasDigits, isCard, isIban, isSsn } from './checks.js';

/** Of a file, of a unit of the system or of a version: what looks like the name of a host and is none. */
const NO_HOST =
  /^(?:\d+x|\d+\.\d+\..*)$|^\d+x\.|^\d+\.\d+\.|^v?\d+\.\d|\.(?:png|jpe?g|gif|svg|webp|avif|js|mjs|cjs|jsx|ts|mts|tsx|json|css|scss|html?|lock|tgz|gz|zip|jar|ya?ml|toml|txt|log|map|whl|service|socket|timer|target|mount|slice)$/i;
const USER_OF_URL = /\/\/(?:[^\s/@]{0,128}:)?$/;
/** Accounts under which a program signs in to a repository. */
const REPOSITORY = /^(?:git|hg|svn|ssh|gitea|gitlab|forgejo|aur)(?:@|%40)/i;

/**
 * `git@host:path` and `user@host:/path` are places of repositories and files, no addresses of people, and
 * neither is what stands before the host of a URL; what else has the shape of an address is taken for one, examples and addresses of robots included.
 */
function isAddress(value: string, text: string, end: number): boolean {
  const host = value.slice(value.search(/@|%40/) + (value.includes('@') ? 1 : 3));
  const start = end - value.length;
  if (NO_HOST.test(host) || USER_OF_URL.test(text.slice(Math.max(0, start - 140), start))) return false;
  if (!/\.(?:xn--[a-z0-9-]{2,}|[\p{L}]{2,24})$/iu.test(host)) return false;
  const behind = text.slice(end, end + 2);
  if (/^:[/~]/.test(behind)) return false;
  return !(REPOSITORY.test(value) && /^[:/]/.test(behind));
}

const pii = (name: string, anchors: readonly string[], pattern: RegExp, check?: Detector['check']): Detector => ({
  name,
  dataClass: 'pii',
  anchors,
  pattern,
  check,
});

/** A placeholder is no value of a row. */
const isRaw = (value: string): boolean => !/^\[redacted:\w{1,40}\]$/.test(value);

/** What tells of a person. */
export const PERSONAL: readonly Detector[] = [
  pii(
    'row_values',
    ['key ('],
    /(?<kept>Key \([\w", .()]{1,200}\)=\()[^\r\n]{1,256}?(?=\) (?:already exists|is not present|is still referenced|conflicts|is duplicated)|\)["\r\n]|\)\.?$)/iy,
    isRaw,
  ),
  pii(
    'row_values',
    ['failing row contains'],
    /(?<kept>Failing row contains \()[^\r\n]{1,512}?(?=\)\.?(?:["\r\n\\]|$))/iy,
    isRaw,
  ),
  pii('row_values', ['duplicate entry'], /(?<kept>Duplicate entry ')[^'\r\n]{1,512}(?=' for key)/iy, isRaw),
  pii(
    'email',
    ['@', '%40'],
    /(?<=(?<![\p{L}\p{N}])(?<before>[\p{L}\p{N}_](?:(?:%2B|[\p{L}\p{N}._+'-]){0,62}[\p{L}\p{N}_+-])?))(?:@|%40)[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63}){1,8}(?![\p{L}\p{N}@])/uy,
    isAddress,
  ),
  pii(
    'card',
    [],
    /(?<![\w.+-])[2-6]\d{3}(?:[ -]?\d{4}){2}(?:[ -]?\d{2,4})(?:[ -]?\d{3})?(?![\w-]|\.\d)|(?<![\w.+-])3[047689]\d{2}[ -]?\d{6}[ -]?\d{4,5}(?![\w-]|\.\d)/g,
    isCard,
  ),
  pii('iban', [], /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g, isIban),
  pii(
    'ssn',
    ['ssn', 'social'],
    /(?<kept>(?:ssn|social[ _-]?security)(?:[ _-]?(?:number|num|no\.?|#))?\\{0,3}["']?[ \t]{0,4}(?:[:=#]|is|was)?[ \t]{0,4}\\{0,3}["']?)\d{3}[- ]?\d{2}[- ]?\d{4}(?![\d-])/iy,
    isSsn,
  ),
  pii(
    'phone',
    ['+'],
    /(?<![\w.+])\+[1-9]\d{0,2}(?:[ .-]?\(0?\d{1,4}\))?(?:[ .-]?\d{1,5}){2,6}(?![\w+]|\.\d)/y,
    (value) => hasDigits(value, 9, 15),
  ),
  pii(
    'phone',
    ['phone', 'mobile', 'fax', 'tel', 'msisdn', 'call '],
    /(?<kept>(?:phone|mobile|fax|\btel|msisdn|\bcall)(?:[ _-]?(?:number|num|no\.?))?\\{0,3}["']?[ \t]{0,4}[:=]?[ \t]{0,4}\\{0,3}["']?)\(?\d[\d ().-]{6,20}\d(?![\w-]|\.\d)/iy,
    (value) => hasDigits(value, 9, 15) && !/\d{4}-\d\d-\d\d/.test(value) && !/\d\.\d.*\d\.\d.*\d\.\d/.test(value),
  ),
];
