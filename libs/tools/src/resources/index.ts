export * from './resources.toolset.js';
