import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { ToolDefinition } from '@app/pipeline';
import { canonicalJson } from './canonical-json.js';
import { toolFingerprint } from './tool-fingerprint.js';

describe('canonicalJson', () => {
  it.each<[unknown, string]>([
    [null, 'null'],
    [[], '[]'],
    [{}, '{}'],
    [{ b: 1, a: [2, { d: true, c: 'x' }] }, '{"a":[2,{"c":"x","d":true}],"b":1}'],
    [{ a: undefined, b: [undefined] }, '{"b":[null]}'],
    // The example of RFC 8785, 3.2.3: names by UTF-16 code units.
    [
      { '€': 1, '\r': 2, '\ufb33': 3, '1': 4, '😀': 5, '\x80': 6, ö: 7 },
      '{"\\r":2,"1":4,"\x80":6,"ö":7,"€":1,"😀":5,"\ufb33":3}',
    ],
    [[Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27, -0], '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]'],
    ['€$\x0f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
  ])('%j', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});

describe('toolFingerprint', () => {
  const tool = { name: 'x', description: 'd', inputSchema: { type: 'object', properties: {} } };
  const of = (definition: object): string => toolFingerprint(definition as ToolDefinition);

  it('is the same for the same definition, whatever the order of its names', () => {
    const { name, description, inputSchema } = tool;
    expect(of({ inputSchema: { properties: {}, type: 'object' }, description, name })).toBe(of(tool));
    expect(of(tool)).toBe(hash('sha256', canonicalJson({ description, inputSchema, name })));
  });

  it('is another one for one changed letter', () => {
    expect(of({ ...tool, description: 'D' })).not.toBe(of(tool));
    expect(of({ ...tool, inputSchema: { type: 'object', properties: { a: {} } } })).not.toBe(of(tool));
  });
});
