export * from './caches/index.js';
export * from './files/index.js';
export * from './processes/index.js';
