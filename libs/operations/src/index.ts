export * from './cli/client-config.js';
export * from './cli/command-line.js';
export * from './cli/register-list.js';
export * from './cli/tools-lock.js';
export * from './health/readiness.js';
export * from './operations.module.js';
