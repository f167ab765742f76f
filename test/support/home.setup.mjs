import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Before all tests: a home of their own, so that no server they start keeps anything in that of whoever runs them. */
export default function () {
  process.env.HOME = mkdtempSync(join(tmpdir(), 'home-of-tests-'));
  delete process.env.XDG_DATA_HOME;
}
