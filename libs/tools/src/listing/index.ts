export * from './listing.toolset.js';
