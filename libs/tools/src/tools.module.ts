import { Module } from '@nestjs/common';
import { FileTools } from './files/file.toolset.js';
import { EditFile } from './files/edit-file.js';
import { ReadFiles } from './files/read-files.js';
import { WriteFile } from './files/write-file.js';
import { Workspaces } from './workspace/workspaces.js';

/** Every toolset of the product. */
@Module({ providers: [FileTools, ReadFiles, EditFile, WriteFile, Workspaces], exports: [Workspaces] })
export class ToolsModule {}
