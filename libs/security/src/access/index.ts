export * from './authorizer.js';
export * from './callers.js';
export * from './scope-authorizer.js';
export * from './scopes.js';
export * from './caller-verifier.js';
