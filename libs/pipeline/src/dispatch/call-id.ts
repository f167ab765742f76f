import { randomBytes } from 'node:crypto';

/** Random per process, so that no two processes give one id; counted within, because that is cheap. No secret. */
const PROCESS_ID = randomBytes(10).toString('hex');
let calls = 0;

export const nextCallId = (): string => `${PROCESS_ID}-${(++calls).toString(36).padStart(6, '0')}`;
