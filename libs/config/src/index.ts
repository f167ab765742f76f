export * from './config.module.js';
export * from './configuration.error.js';
export * from './environment.js';
export * from './load.js';
export * from './settings.js';
