export * from './call-counter.js';
export * from './call-metrics.js';
export * from './duration-histogram.js';
export * from './metric-registry.js';
export * from './metrics.module.js';
