export * from './chunk-redactor.js';
export * from './data-class.js';
export * from './data-names.js';
export { neutralise } from './neutralise.js';
export * from './redact-text.js';
export * from './redact-value.js';
export * from './redacting-stream.js';
export * from './trigram-scan.js';
