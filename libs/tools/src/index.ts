export * from './tools.module.js';
