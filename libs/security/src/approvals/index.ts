export * from './approval-store.js';
export * from './memory-approval-store.js';
