import { Module } from '@nestjs/common';

/** Every toolset of the product. */
@Module({ providers: [] })
export class ToolsModule {}
