export * from './prompts.toolset.js';
