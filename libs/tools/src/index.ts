export * from './tools.module.js';
export * from './workspace/index.js';
