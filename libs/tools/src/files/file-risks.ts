import { type Risks, waived } from '@app/pipeline';
import { FileTree, PathLocks, TemporaryFile } from '@app/resources';
import { PathRules } from '@app/security';
import { LeftoverSweep } from '../workspace/leftover-sweep.js';
import { VersionCheck } from './text-version.js';

/** What could go wrong with every tool that reads files of a workspace. */
export const READING_RISKS: Risks = {
  escape: [PathRules, FileTree],
  'dependency down': waived('It needs nothing but the file system of this machine.'),
};

/** And with every tool that changes them. */
export const WRITING_RISKS: Risks = {
  ...READING_RISKS,
  'partial write': [TemporaryFile, LeftoverSweep],
  'lost update': [PathLocks, VersionCheck],
};
