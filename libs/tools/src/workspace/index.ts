export * from './workspace.js';
export * from './workspaces.js';
