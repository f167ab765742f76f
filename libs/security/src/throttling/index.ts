export * from './counter-throttler-storage.js';
