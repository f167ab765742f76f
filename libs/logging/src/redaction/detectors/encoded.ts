import type { Detector } from '../detector.js';

/** First letters of secrets that are worth looking for under an encoding, where they are the first of what is encoded. */
const PREFIXES = [
  'ghp_',
  'gho_',
  'ghs_',
  'github_pat_',
  'glpat-',
  'xoxb-',
  'xoxp-',
  'sk_live_',
  'sk-ant-',
  'sk-proj-',
  'npm_',
  'mse_',
  'AKIA',
  'postgres',
  'mysql:/',
  'mongodb',
  'redis:/',
  'redis:\\',
  '-----BEGIN ',
] as const;

/** The letters of base64 that a prefix fixes, whatever follows it. */
const base64Anchor = (prefix: string): string =>
  Buffer.from(prefix)
    .toString('base64')
    .slice(0, Math.floor((prefix.length * 8) / 6));

/**
 * Secrets in base64 (both alphabets) and hex (both cases).
 * @param shapes what the text must hold once it is decoded
 */
export function encodedDetectors(shapes: readonly Detector[]): readonly Detector[] {
  const anywhere = shapes.map(({ pattern, check }) => ({
    pattern: new RegExp(pattern.source, pattern.flags.replace('y', '')),
    check,
  }));
  const holdsSecret = (text: string): boolean =>
    anywhere.some(({ pattern, check }) => {
      const match = pattern.exec(text);
      return match !== null && (check === undefined || check(match[0], text, match.index + match[0].length));
    });
  return [
    {
      name: 'base64_secret',
      dataClass: 'secret',
      anchors: PREFIXES.map(base64Anchor),
      pattern: /(?<![A-Za-z0-9+/_])[A-Za-z0-9+/_-]{24,16384}={0,2}/y,
      check: (value) => holdsSecret(Buffer.from(value, 'base64').toString('latin1')),
    },
    {
      name: 'hex_secret',
      dataClass: 'secret',
      anchors: PREFIXES.map((prefix) => Buffer.from(prefix).toString('hex')),
      pattern: /(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{2}){16,16384}(?![0-9A-Za-z])/y,
      check: (value) => holdsSecret(Buffer.from(value, 'hex').toString('latin1')),
    },
  ];
}
