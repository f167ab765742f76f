import type { Detector } from '../detector.js';
import { CREDENTIALS } from './credentials.js';
import { encodedDetectors } from './encoded.js';
import { PERSONAL } from './personal.js';
import { TOKENS } from './tokens.js';
import { URLS } from './urls.js';

/** Every shape that is looked for. Where two overlap, the one that stands first gives its name. */
export const DETECTORS: readonly Detector[] = [
  ...TOKENS,
  ...encodedDetectors([...TOKENS, ...URLS]),
  ...URLS,
  ...CREDENTIALS,
  ...PERSONAL,
];
