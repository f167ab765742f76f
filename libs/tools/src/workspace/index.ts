export * from './leftover-sweep.js';
export * from './workspace.js';
export * from './workspaces.js';
export * from './resolve-for-writing.js';
