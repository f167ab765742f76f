export * from './app-log.js';
export * from './logging.module.js';
export * from './root-logger.js';
export * from './redaction/index.js';
