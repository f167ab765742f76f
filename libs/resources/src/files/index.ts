export * from './file-tree.js';
export * from './fs-error.js';
export * from './open-directory.js';
export * from './open-file.js';
export * from './path-locks.js';
export * from './resolved-path.js';
export * from './spell-path.js';
export * from './sweep.js';
export { isTemporaryName, TemporaryFile, temporaryNameFor } from './temporary-file.js';
