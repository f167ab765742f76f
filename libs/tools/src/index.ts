export * from './register/canonical-json.js';
export * from './register/tool-fingerprint.js';
export * from './tools.module.js';
export * from './workspace/index.js';
