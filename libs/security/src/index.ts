export * from './access/index.js';
export * from './approvals/index.js';
export * from './audit/index.js';
export * from './authentication/index.js';
export * from './json/index.js';
export * from './paths/index.js';
export * from './secrets/index.js';
export * from './throttling/index.js';
