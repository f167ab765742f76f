import { Module } from '@nestjs/common';
import { EditFile } from './files/edit-file.js';
import { FileTools } from './files/file.toolset.js';
import { ReadFiles } from './files/read-files.js';
import { WriteFile } from './files/write-file.js';
import { ListingTools } from './listing/listing.toolset.js';
import { EngineerPrompts } from './prompts/prompts.toolset.js';
import { RegisterResources } from './register/register.toolset.js';
import { WorkspaceResources } from './resources/resources.toolset.js';
import { RipgrepBinary } from './search/ripgrep-binary.js';
import { SearchEngines } from './search/search-engines.js';
import { SearchTools } from './search/search.toolset.js';
import { CoreTools } from './workspace/core.toolset.js';
import { LeftoverSweep } from './workspace/leftover-sweep.js';
import { Workspaces } from './workspace/workspaces.js';

const TOOLSETS = [
  CoreTools,
  EngineerPrompts,
  FileTools,
  ListingTools,
  RegisterResources,
  SearchTools,
  WorkspaceResources,
];

/** Every toolset of the product, and what they work with. */
@Module({
  providers: [...TOOLSETS, EditFile, LeftoverSweep, ReadFiles, RipgrepBinary, SearchEngines, Workspaces, WriteFile],
  exports: [LeftoverSweep, Workspaces],
})
export class ToolsModule {}
