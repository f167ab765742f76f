export * from './faults.js';
export * from './fixture.toolset.js';
export * from './injected.js';
export * from './manual-clock.js';
export * from './principals.js';
export * from './server-probe.js';
export * from './test-kit.js';
export * from './test-settings.js';
