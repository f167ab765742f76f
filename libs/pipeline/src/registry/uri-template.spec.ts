import { describe, expect, it } from '@jest/globals';
import { UriTemplate } from './uri-template.js';

describe('UriTemplate', () => {
  const files = new UriTemplate('workspace://{workspace}/{+path}');

  it('takes the variables out of a URI, decoded once', () => {
    expect(files.match('workspace://app/src/a%20b.ts')).toEqual({ workspace: 'app', path: 'src/a b.ts' });
    expect(files.match('workspace://app/%252e%252e')).toEqual({ workspace: 'app', path: '%2e%2e' });
  });
  it.each(['workspace:///x', 'workspace://app', 'file://app/x', 'workspace://app/%ff', 'xworkspace://app/x'])(
    'does not fit %s',
    (uri) => {
      expect(files.match(uri)).toBeUndefined();
    },
  );
  it('does not fit a URI longer than 8,192 characters', () => {
    const uri = 'workspace://app/'.padEnd(8_192, 'x');
    expect(files.match(uri)).toBeDefined();
    expect(files.match(`${uri}x`)).toBeUndefined();
  });
  it.each(['x://{+path}/more', 'x://{a}/{a}', 'x://{A}', 'x://{?q}', 'x://plain'])(
    'refuses the template %s',
    (template) => {
      expect(() => new UriTemplate(template)).toThrow();
    },
  );
});
