export * from './child.js';
export * from './live-groups.js';
