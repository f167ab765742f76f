export * from './http/legacy-sessions.js';
export * from './http/mcp-endpoint.js';
export * from './protocol/memory-change-events.js';
export * from './stdio/stdio-endpoint.js';
export * from './tasks/task.js';
export * from './tasks/task-runner.js';
export * from './tasks/task-store.js';
export * from './transport.module.js';
