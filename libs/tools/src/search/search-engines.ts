import { Injectable } from '@nestjs/common';
import { Limits } from '@app/config';
import { FallbackEngine } from './fallback.engine.js';
import { RipgrepBinary } from './ripgrep-binary.js';
import { RipgrepEngine } from './ripgrep.engine.js';
import type { SearchEngine } from './search-engine.js';

/** The engine this installation searches with. */
@Injectable()
export class SearchEngines {
  constructor(
    private readonly binary: RipgrepBinary,
    private readonly limits: Limits,
  ) {}

  async pick(): Promise<SearchEngine> {
    const program = await this.binary.path();
    return program === undefined ? new FallbackEngine(this.limits) : new RipgrepEngine(program, this.limits);
  }
}
