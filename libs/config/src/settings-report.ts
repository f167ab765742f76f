import { ConfigurationError } from './configuration.error.js';
import { defaultDataDir } from './data-dir.js';
import { Environment } from './environment.js';
import { SECRET_SETTINGS } from './environment-rules.js';
import { type GivenValue, readValues, type Source } from './environment-values.js';
import { type CommandLineSettings, SETTINGS } from './load.js';

/** One setting as it may be shown to anybody. */
export interface ReportedSetting {
  readonly name: string;
  readonly from: GivenValue['from'] | 'default';
  /** The value; `[set]` or `[encrypted]` in place of a secret; empty where there is none. */
  readonly shown: string;
}

/** Every setting with where it comes from, in the order of the schema. @throws ConfigurationError where one cannot be read */
export function reportSettings(source: Source, commandLine: CommandLineSettings): readonly ReportedSetting[] {
  const problems: string[] = [];
  const { values } = readValues(source, SETTINGS, problems);
  if (problems.length > 0) throw new ConfigurationError(problems);
  const defaults: Partial<Record<string, unknown>> = {
    ...new Environment(),
    DATA_DIR: defaultDataDir(source['XDG_DATA_HOME']),
  };
  const typed: Partial<Record<string, string>> = {
    HOST: commandLine.host,
    PORT: commandLine.port,
    WORKSPACE_ROOTS: commandLine.workspaces?.join(','),
    CONFIG_FILE: commandLine.config,
  };
  return SETTINGS.map((name) => {
    const text = typed[name];
    if (text !== undefined) return { name, from: 'command line', shown: shownOf(name, text) };
    const value = values.get(name);
    if (value === undefined) return { name, from: 'default', shown: shownOf(name, String(defaults[name] ?? '')) };
    return { name, from: value.from, shown: value.isEncrypted ? '[encrypted]' : shownOf(name, value.text) };
  });
}

function shownOf(name: string, text: string): string {
  if (text === '') return '';
  if (SECRET_SETTINGS.has(name)) return '[set]';
  // A question can carry a key.
  const plain = /^https?:/i.test(text) ? text.replace(/[?#].*$/s, '?[set]') : text;
  return /^[ -~]*$/.test(plain) ? plain : JSON.stringify(plain);
}
