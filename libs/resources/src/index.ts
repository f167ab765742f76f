export * from './files/index.js';
export * from './processes/index.js';
