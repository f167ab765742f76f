export * from './glob.js';
export * from './ignore-rules.js';
export * from './listing.toolset.js';
export * from './query-cursor.js';
export * from './shown-name.js';
export * from './tree-walk.js';
