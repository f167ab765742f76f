import { SWITCH_OFF } from './switch-off.js';

/** Runs before every test file when a mitigation is to be missing: `--globals '{"MITIGATION_OFF":"breaker"}'`. */
const name = (globalThis as { MITIGATION_OFF?: string }).MITIGATION_OFF;
if (name !== undefined) {
  const off = SWITCH_OFF[name];
  if (off === undefined) throw new Error(`It is not known how to switch off ${name}`);
  off();
}
