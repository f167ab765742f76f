export * from './ripgrep-binary.js';
export * from './search-engines.js';
export * from './search.toolset.js';
