import { policyAsFile, type PolicySource, type ReportedSetting } from '@app/config';

/** Every setting with its source, then the policy as it was read. Shows no secret; a list of settings may be shared. */
export function printConfiguration(settings: readonly ReportedSetting[], policy: PolicySource): string {
  const nameWidth = Math.max(...settings.map(({ name }) => name.length));
  const lines = settings.map(({ name, from, shown }) =>
    `${name.padEnd(nameWidth)}  ${from.padEnd('command line'.length)}  ${shown}`.trimEnd(),
  );
  const file = policy.file === undefined ? 'none' : JSON.stringify(policy.file).slice(1, -1);
  return [...lines, '', `Policy file: ${file}`, JSON.stringify(policyAsFile(policy.current()), null, 2)].join('\n');
}
