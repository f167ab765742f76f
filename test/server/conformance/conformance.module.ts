import { Module } from '@nestjs/common';

/** What the official conformance suite expects a server to offer, through the product's own decorators. */
@Module({ providers: [] })
export class ConformanceModule {}
