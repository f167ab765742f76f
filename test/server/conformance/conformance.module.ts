import { Module } from '@nestjs/common';
import { TransportModule } from '@app/transport';
import { ChangeFixtures } from './change.toolset.js';
import { ContentFixtures } from './content.toolset.js';
import { InputRequiredFixtures } from './input-required.toolset.js';
import { PromptFixtures } from './prompt.toolset.js';
import { QuestionFixtures } from './question.toolset.js';
import { ResourceFixtures } from './resource.toolset.js';
import { SchemaFixtures } from './schema.toolset.js';
import { TaskFixtures } from './task.toolset.js';

/** What the official conformance suite expects a server to offer, through the product's own decorators. */
@Module({
  imports: [TransportModule],
  providers: [
    ChangeFixtures,
    ContentFixtures,
    InputRequiredFixtures,
    PromptFixtures,
    QuestionFixtures,
    ResourceFixtures,
    SchemaFixtures,
    TaskFixtures,
  ],
})
export class ConformanceModule {}
