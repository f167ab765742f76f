import { type Detector, secret } from '../detector.js';

/** Stands for a password, e.g. `${DB_PASSWORD}`, `<password>`, `****`, `%s`. */
const STAND_IN = /^(?:\$\{[^}]*\}|\{\{?[^}]*\}\}?|<[^>]*>|\*+|%s|\$[A-Z_]+|x{3,}|\[.*|\.{3})$/i;
const isReal = (value: string): boolean => !STAND_IN.test(value);

/** What of a URL proves who asks: `scheme://user:password@host` of any scheme, written as it is, in JSON or in a URL. */
export const URLS: readonly Detector[] = [
  secret(
    'url_password',
    ['://', ':\\/\\/'],
    String.raw`(?<kept>:\\?/\\?/[^\s:/?#@"'<>\\\x60\[\]]{0,128}:)[^\s/?#"'<>\\\x60]{1,256}(?=@[^\s@])`,
    isReal,
  ),
  // Drivers take a slash in a password, parsers of URLs do not; a port is none.
  secret(
    'url_password',
    ['://'],
    String.raw`(?<=\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver))(?<kept>://[^\s:/?#@"'<>\[\]]{0,128}:)(?!\d{1,5}(?:[/?]|$))[^\s"'<>\x60]{1,256}(?=@[\w.-]{1,255}(?:[:/?]|$))`,
    isReal,
  ),
  secret(
    'url_password',
    ['%3a%2f%2f'],
    String.raw`(?<kept>%3A%2F%2F(?:(?!%3A|%40|%2F)[\w.~%+-]){0,128}%3A)(?:(?!%40|%2F|%3A)[\w.~%+!*-]){1,256}(?=%40)`,
  ),
  // A token in place of a name.
  secret(
    'url_password',
    ['://'],
    String.raw`(?<kept>://)[A-Za-z0-9_-]{16,128}(?=@[^\s@])`,
    (value) => /\d/.test(value) && !value.startsWith('git'),
  ),
];
