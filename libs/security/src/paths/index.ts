export * from './path-rules.js';
