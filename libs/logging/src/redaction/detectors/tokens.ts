import { type Detector, END, START, token } from '../detector.js';
import { isJwt } from './checks.js';

/** A run of letters and digits of a length, and nothing behind it. */
const run = (length: string, chars = 'A-Za-z0-9'): string => `[${chars}]{${length}}${END}`;
/** Such a run holds a digit: names of things in code do not look otherwise. */
const hasDigit = (value: string): boolean => /\d/.test(value);

/** Keys and tokens that tell by their first letters who issued them. */
export const TOKENS: readonly Detector[] = [
  {
    name: 'private_key',
    dataClass: 'secret',
    anchors: ['-----begin'],
    // Also where the end is missing: what was cut off is still a part of a key.
    pattern:
      /-----BEGIN(?:[ +]|%20)(?:[A-Z0-9]{1,12}(?:[ +]|%20)){0,3}PRIVATE(?:[ +]|%20)KEY(?:(?:[ +]|%20)BLOCK)?-----(?=[\s\\%])(?:[A-Za-z0-9+/=\s\\:,.()%]|-(?!-)){16,65536}(?:-----END[A-Z0-9 +%]{0,40}-----)?/y,
  },
  token('private_key', ['age-secret-key-'], `AGE-SECRET-KEY-1${run('50,80')}`),
  // The id stays: it is what the key is revoked by.
  token('server_key', ['mse_'], `(?<kept>mse_[A-Za-z0-9_-]{16}_)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])`),
  // Cut off, or with something behind it.
  token('server_key', ['mse_'], `mse_(?![A-Za-z0-9_-]{16}_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-]))[A-Za-z0-9_-]{40,200}`),
  token('github_token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], `gh[pousr]_${run('30,255')}`),
  token('github_token', ['github_pat_'], `github_pat_${run('40,255', 'A-Za-z0-9_')}`),
  token(
    'gitlab_token',
    ['glpat-', 'gldt-', 'glrt-', 'glptt-', 'glcbt-', 'glsoat-', 'glft-', 'glagent-'],
    'gl[a-z]{2,5}-[A-Za-z0-9_.-]{20,300}',
  ),
  token(
    'slack_token',
    ['xoxb-', 'xoxp-', 'xoxa-', 'xoxr-', 'xoxs-', 'xoxe', 'xoxc-', 'xoxd-', 'xapp-'],
    '(?<!-)(?:xox[abcdeprs]|xapp)(?:\\.xox[bp])?-[A-Za-z0-9%-]{10,300}',
    hasDigit,
  ),
  {
    name: 'slack_token',
    dataClass: 'secret',
    anchors: ['hooks.slack.com/'],
    pattern: /(?<kept>hooks\.slack\.com\/(?:services|workflows|triggers)\/)[A-Za-z0-9/_]{20,100}/iy,
  },
  token('stripe_key', ['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_'], `[rs]k_(?:live|test)_${run('10,255')}`),
  token('stripe_key', ['whsec_'], 'whsec_[A-Za-z0-9+/=]{24,100}'),
  token('google_key', ['aiza'], 'AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])'),
  token('google_key', ['ya29.'], 'ya29\\.[A-Za-z0-9_-]{20,2048}'),
  token('google_key', ['gocspx-'], 'GOCSPX-[A-Za-z0-9_-]{20,60}'),
  token(
    'model_key',
    ['sk-'],
    '(?<!-)sk-(?:(?:ant|proj|svcacct|admin|or|lf|api\\d\\d)-)?[A-Za-z0-9_-]{20,300}',
    hasDigit,
  ),
  token('npm_token', ['npm_'], `npm_${run('36,40')}`),
  token('package_token', ['pypi-'], '(?<!-)pypi-[A-Za-z0-9_-]{40,512}', hasDigit),
  token('package_token', ['rubygems_'], `rubygems_${run('48', 'a-f0-9')}`),
  token('package_token', ['dckr_pat_', 'dckr_oat_'], 'dckr_[po]at_[A-Za-z0-9_-]{20,64}'),
  token('aws_key', ['akia', 'asia', 'abia', 'acca'], `A(?:KI|SI|BI|CC)A${run('16', 'A-Z2-7')}`),
  token('aws_key', ['fwogzxivyxdz', 'iqojb3jpz2lu'], '(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[A-Za-z0-9+/=]{50,4096}'),
  token(
    'azure_key',
    ['accountkey=', 'sharedaccesskey='],
    '(?<kept>(?:Account|SharedAccess)Key=)[A-Za-z0-9+/]{40,100}={0,2}',
  ),
  token('sendgrid_key', ['sg.'], 'SG\\.[A-Za-z0-9_-]{16,32}\\.[A-Za-z0-9_-]{32,64}'),
  token('shop_token', ['shpat_', 'shpca_', 'shppa_', 'shpss_'], `shp(?:at|ca|pa|ss)_${run('32,64', 'a-fA-F0-9')}`),
  token('cloud_token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], `do[opr]_v1_${run('64', 'a-f0-9')}`),
  token('cloud_token', ['dapi'], `dapi${run('32', 'a-f0-9')}(?:-\\d{1,2})?`),
  token('cloud_token', ['hvs.', 'hvb.', 'hvr.'], 'hv[sbr]\\.[A-Za-z0-9_-]{20,300}'),
  token(
    'cloud_token',
    ['figd_', 'lin_api_', 'ntn_', 'pat-', 'sbp_', 'hf_', 'gsk_', 'xai-', 'r8_', 'tvly-', 'pplx-', 'secret_'],
    '(?<!-)(?:figd_|lin_api_|ntn_|pat-(?:na|eu)\\d-|sbp_|hf_|gsk_|xai-|r8_|tvly-|pplx-|secret_(?=\\w{40}))[A-Za-z0-9_-]{30,200}',
    hasDigit,
  ),
  token('square_token', ['sq0'], 'sq0[a-z]{3}-[A-Za-z0-9_-]{22,43}'),
  token('bot_token', ['bot'], '(?<kept>bot)\\d{8,10}:[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])'),
  {
    name: 'jwt',
    dataClass: 'secret',
    anchors: ['eyj'],
    pattern: new RegExp(
      `(?<!-)${START}eyJ[A-Za-z0-9_-]{6,8192}\\.[A-Za-z0-9_-]{0,65536}(?:\\.[A-Za-z0-9_-]{0,65536}){1,3}`,
      'y',
    ),
    check: isJwt,
  },
  {
    name: 'password_hash',
    dataClass: 'secret',
    anchors: ['$2a$', '$2b$', '$2y$', '$5$', '$6$', '$y$', '$argon2', '$scrypt$', '$pbkdf2'],
    pattern: /\$(?:2[aby]|5|6|y|argon2i?d?|scrypt|pbkdf2[a-z0-9-]{0,10})\$[A-Za-z0-9./$=,+-]{20,300}/y,
  },
];
