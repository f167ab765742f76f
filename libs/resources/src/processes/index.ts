export * from './child.js';
export * from './leash.js';
export * from './live-groups.js';
export * from './program-version.js';
