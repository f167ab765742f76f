export * from './fixture.toolset.js';
export * from './principals.js';
export * from './test-kit.js';
export * from './test-settings.js';
