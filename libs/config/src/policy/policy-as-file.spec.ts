import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { parsePolicy } from './parse-policy.js';
import { policyAsFile } from './policy-as-file.js';
import { EMPTY_POLICY } from './policy-settings.js';

const WHOLE = `
policies: { throttle: shadow, stuck_loop: enforce }
tools:
  write_file: { enabled: false, reason: Frozen., approver: other, policies: { approval: shadow }, limits: { calls_per_window: 5, deadline_ms: 9 } }
  writeFile: {}
roles: { camelCase: { scopes: ["*"], members: [aB] } }
tenants: { acme: { workspaces: [], concurrent_calls: 3 } }
local: { tenant: acme, roles: [camelCase] }
`;

describe('policyAsFile', () => {
  it.each([WHOLE, '{}', 'tenants: {}\nlocal: {}'])('says the same policy in the words of the file: %j', (text) => {
    const policy = parsePolicy(text);
    expect(parsePolicy(JSON.stringify(policyAsFile(policy)))).toEqual(policy);
  });

  it('keeps the names the operator chose, and shows defaults', () => {
    expect(policyAsFile(parsePolicy('tools: { writeFile: {} }'))).toEqual({
      policies: {},
      tools: { writeFile: { enabled: true, policies: {}, limits: {} } },
      roles: {},
    });
    expect(policyAsFile(EMPTY_POLICY)).toEqual({ policies: {}, tools: {}, roles: {} });
  });
});
