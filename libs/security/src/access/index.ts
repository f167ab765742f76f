export * from './authorizer.js';
export * from './scope-authorizer.js';
