import { describe, expect, it } from '@jest/globals';
import { Tool } from '@app/mcp';
import { Reflector } from '@nestjs/core';
import { z } from 'zod';
import { FileTools } from './file.toolset.js';

const tools = (['readFiles', 'editFile', 'writeFile'] as const).map((name) =>
  new Reflector().get(Tool, FileTools.prototype[name])!,
);

describe('FileTools', () => {
  it('has small definitions that describe every argument', () => {
    const definitions = tools.map(({ name, title, description, input, hints }) => {
      expect(description.length).toBeLessThanOrEqual(200);
      return { name, title, description, inputSchema: z.toJSONSchema(input!, { io: 'input' }), annotations: hints };
    });
    expect(Buffer.byteLength(JSON.stringify(definitions))).toBeLessThan(3_500);
  });

  it('states its risks', () => {
    expect(
      tools.map(({ name, risk, hints }) => [name, risk, hints.destructive, hints.idempotent, hints.openWorld]),
    ).toEqual([
      ['read_files', 'read', false, true, false],
      ['edit_file', 'write', true, false, false],
      ['write_file', 'write', true, false, false],
    ]);
  });
});
