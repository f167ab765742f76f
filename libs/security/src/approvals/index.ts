export * from './approval-store.js';
export * from './approvals.js';
export * from './decider.js';
export * from './memory-approval-store.js';
export * from './plan.js';
export * from './plan-rules.js';
export * from './sql-approval-store.js';
