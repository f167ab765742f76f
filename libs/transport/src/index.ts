export * from './http/legacy-sessions.js';
export * from './http/mcp-endpoint.js';
export * from './stdio/stdio-endpoint.js';
export * from './transport.module.js';
