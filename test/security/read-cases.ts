import { type Case, noReading, read, readOf } from './case.js';

const OUTSIDE = 'PATH_OUTSIDE_WORKSPACE';
const LINK = 'SYMLINK_ESCAPE';

/**
 * Ways out of the workspace, by text, by links, by names that mean something elsewhere, and by URIs.
 * @param base absolute path of the folder that holds the workspace and what is outside of it
 */
export const readCases = (base: string): Case[] => [
  // Out by text.
  ...noReading('F01', '../outside/secret.txt', OUTSIDE),
  ...noReading('F01', 'src/../../outside/secret.txt', OUTSIDE),
  ...noReading('F01', '..', OUTSIDE),
  ...noReading('F01', 'a.txt/..', OUTSIDE),
  ...['/etc/passwd', '//etc/passwd', '/./etc/passwd', `${base}/outside/secret.txt`, '/'].flatMap((each) =>
    noReading('F03', each, OUTSIDE),
  ),
  ...['../ws-evil/secret.txt', `${base}/ws-evil/secret.txt`, `${base}/ws/../ws-evil/secret.txt`].flatMap((each) =>
    noReading('F05', each, OUTSIDE),
  ),
  ...['/proc/self/root/etc/passwd', '/proc/self/environ', '/dev/stdin'].flatMap((each) =>
    noReading('F11', each, OUTSIDE),
  ),
  // Out by links, whether or not something is there.
  ...[
    'link',
    'link-relative',
    'link-missing',
    'dangling',
    'dir/secret.txt',
    'dir',
    'dir-evil/secret.txt',
    'evil-absolute/secret.txt',
    'src/up/secret.txt',
    'inner-folder/up/secret.txt',
    'to-root/etc/passwd',
    'to-root',
  ].flatMap((each) => noReading('F06', each, LINK)),
  ...['c1/secret.txt', 'loop1', 'loop1/x', 'self', 'hop1'].flatMap((each) => noReading('F10', each, LINK)),
  ...['proc/etc/passwd', 'own-folder/package.json'].flatMap((each) => noReading('F11', each, LINK)),
  ...['environ', 'environ-1', 'memory', 'descriptor', 'stdin', 'dev-fd'].flatMap((each) =>
    noReading('F12', each, LINK),
  ),
  ...['zero', 'random'].flatMap((each) => noReading('D11', each, LINK)),
  // Names that other programs would expand, normalise or decode.
  ...[
    '．．／outside／secret.txt',
    '\u2024\u2024/outside/secret.txt',
    '\u2025/outside/secret.txt',
    '..\u2215outside\u2215secret.txt',
    '%2e%2e/outside/secret.txt',
  ].flatMap((each) => noReading('F16', each, 'NOT_FOUND')),
  ...['..\\..\\outside\\secret.txt', 'src\\index.ts', '\\etc\\passwd', 'C:\\x'].flatMap((each) =>
    noReading('F18', each, 'NOT_FOUND'),
  ),
  ...noReading('F18', '..\\/outside/secret.txt', 'NOT_FOUND'),
  ...['~/.ssh/id_rsa', '$HOME/.ssh/id_rsa', '${HOME}/x', '~root/x', '~'].flatMap((each) =>
    noReading('F20', each, {
      else: 'NOT_FOUND',
      ...(each === '~' && {
        read_files: 'NOT_REGULAR_FILE',
        'read_files as base64': 'NOT_REGULAR_FILE',
        list_files: 'success',
        search_text: 'success',
      }),
    }),
  ),
  ...[`file://${base}/outside/secret.txt`, 'file:///etc/passwd', 'http://127.0.0.1/x'].flatMap((each) =>
    noReading('F21', each, 'INVALID_ARGUMENT'),
  ),
  ...[{ href: `file://${base}/outside/secret.txt` }, ['../outside/secret.txt'], null, 7, { toString: 'x' }].map(
    (each) => read('F21', `${JSON.stringify(each).slice(0, 40)} as a path`, readOf(each), 'INVALID_ARGUMENT'),
  ),
  ...resourceCases(base),
];

/** F22 and D09: what is no resource does not exist. */
const resourceCases = (base: string): Case[] =>
  [
    `file://${base}/ws/../outside/secret.txt`,
    `file://${base}/outside/secret.txt`,
    'file://evil/ws/a.txt',
    `file://${base}/ws/%2e%2e/outside/secret.txt`,
    'workspace://../outside/secret.txt',
    'workspace://ws/../outside/secret.txt',
    'workspace://ws/%2e%2e/outside/secret.txt',
    'workspace://ws/%252e%252e/outside/secret.txt',
    'workspace://ws/..%2foutside%2fsecret.txt',
    'workspace://ws//etc/passwd',
    'workspace://ws/%2fetc%2fpasswd',
    'workspace://ws/a.txt%00.png',
    'workspace://ws/%ff',
    'workspace://ws/%',
    'workspace://ws/',
    'workspace://WS/a.txt',
    'workspace://outside/secret.txt',
    'workspace://__proto__/a.txt',
    'workspace://ws@evil/a.txt',
    'workspace://ws/a.txt?x=1',
    'workspace:ws/a.txt',
    'WORKSPACE://ws/a.txt',
    `workspace://ws/${'{'.repeat(4_000)}`,
    `workspace://ws/${'a/'.repeat(3_000)}`,
  ].map((uri) => ({
    row: 'F22',
    what: `resources/read of ${JSON.stringify(uri.slice(0, 60))}`,
    attempt: { uri },
    expected: -32602,
  }));
