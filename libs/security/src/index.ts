export * from './audit/index.js';
export * from './paths/index.js';
