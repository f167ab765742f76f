import { describe, expect, it } from '@jest/globals';
import { testSettings } from '@app/testing';
import { OriginRules } from './origin-rules.js';

const settings = testSettings().server;

describe('OriginRules', () => {
  const rules = new OriginRules(
    {
      ...settings,
      allowedHosts: ['mcp.internal'],
      allowedOrigins: ['https://app.example.com'],
      publicUrl: 'https://mcp.example.com/mcp',
    },
    3000,
  );

  it.each(['localhost', 'localhost:3000', '127.0.0.1:1', '[::1]:3000', 'MCP.internal', 'mcp.example.com'])(
    'serves the host %s',
    (host) => {
      expect(rules.host(host)).toBe('allowed');
    },
  );
  it.each(['evil.test', 'example.com', 'mcp.example.com.evil.test', '[::2]', '169.254.169.254'])(
    'does not serve the host %s',
    (host) => {
      expect(rules.host(host)).toBe('foreign');
    },
  );
  it.each([undefined, '', 'a b', 'a@b', 'a/b', '[::1', 'a:b', 'a:123456'])('finds the host %s malformed', (host) => {
    expect(rules.host(host)).toBe('malformed');
  });
  it.each([
    undefined,
    'http://localhost:3000',
    'http://[::1]:3000',
    'https://app.example.com',
    'https://mcp.example.com',
  ])('lets the origin %s call', (origin) => {
    expect(rules.origin(origin)).toBe(true);
  });
  it.each([
    '',
    'null',
    'http://localhost:3001',
    'https://localhost:3000',
    'https://app.example.com.evil.test',
    'http://app.example.com',
  ])('does not let the origin %s call', (origin) => {
    expect(rules.origin(origin)).toBe(false);
  });
});
