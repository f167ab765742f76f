import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { OperationRegistry } from '@app/pipeline';
import { TestKit } from '@app/testing';
import { RipgrepBinary, SearchEngines, SearchTools } from '../search/index.js';
import { CoreTools } from '../workspace/core.toolset.js';
import { Workspaces } from '../workspace/index.js';
import { ListingTools } from './listing.toolset.js';

describe('the definitions of the reading tools', () => {
  it('are small, described throughout, and true', async () => {
    const root = await mkdtemp(join(tmpdir(), 'definitions-'));
    const kit = await TestKit.start({
      workspace: root,
      toolsetClasses: [ListingTools, SearchTools, CoreTools],
      providers: [Workspaces, SearchEngines, RipgrepBinary],
    });
    const definitions = kit.get(OperationRegistry).toolDefinitions();
    await kit.stop();
    await rm(root, { recursive: true });
    expect(definitions.map(({ name }) => name)).toEqual(['list_files', 'search_text', 'workspace_info']);
    for (const { description, annotations } of definitions) {
      expect(description.length).toBeLessThanOrEqual(200);
      expect(annotations).toMatchObject({
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      });
    }
    const published = definitions.map(({ outputSchema: _output, ...rest }) => rest);
    expect(Buffer.byteLength(JSON.stringify(published))).toBeLessThan(4_500);
  });
});
