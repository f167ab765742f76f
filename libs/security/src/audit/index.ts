export * from './audit-record.js';
export * from './audit-sink.js';
export * from './log-audit-sink.js';
export * from './memory-audit-sink.js';
