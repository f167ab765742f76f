import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '../configuration.error.js';
import { parsePolicy } from './parse-policy.js';
import { PolicyModesFile } from './policy-file.js';
import { EMPTY_POLICY, SHADOWABLE_POLICIES } from './policy-settings.js';

const problemsOf = (text: string): readonly string[] => {
  try {
    parsePolicy(text);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
};

const WHOLE = `
policies:
  throttle: shadow
tools:
  write_file:
    enabled: false   # kill switch
    reason: Frozen for the release.
    policies: { throttle: enforce }
    limits: { calls_per_window: 20, deadline_ms: 5000, attempt_timeout_ms: 2000, concurrency: 4, queue: 8, output_bytes: 100000 }
  read_files: {}
`;

describe('parsePolicy', () => {
  it('reads everything there is to say', () => {
    const { modes, tools } = parsePolicy(WHOLE);
    expect(modes).toEqual({ throttle: 'shadow' });
    expect([...tools]).toEqual([
      [
        'write_file',
        {
          enabled: false,
          reason: 'Frozen for the release.',
          modes: { throttle: 'enforce' },
          limits: {
            callsPerWindow: 20,
            deadlineMs: 5000,
            attemptTimeoutMs: 2000,
            concurrency: 4,
            queue: 8,
            outputBytes: 100_000,
          },
        },
      ],
      ['read_files', { enabled: true, modes: {}, limits: {} }],
    ]);
  });

  it('holds only what is set, so that laying it over something hides nothing', () => {
    const tool = parsePolicy('tools: { x: { limits: { queue: 0 } } }').tools.get('x')!;
    expect([Object.keys(tool), Object.keys(tool.limits), Object.keys(tool.modes)]).toEqual([
      ['enabled', 'modes', 'limits'],
      ['queue'],
      [],
    ]);
  });

  it('reads JSON as well', () => {
    expect(parsePolicy('{\n\t"tools": {\n\t\t"x": { "enabled": false }\n\t}\n}').tools.get('x')?.enabled).toBe(false);
  });

  it.each(['', '{}', '# nothing\n', 'policies:\ntools:\n', 'policies: {}\ntools: {}\n'])(
    'finds nothing in %j',
    (text) => {
      expect(parsePolicy(text)).toEqual(EMPTY_POLICY);
    },
  );

  it('freezes everything, the maps too', () => {
    const policy = parsePolicy(WHOLE);
    const tool = policy.tools.get('write_file')!;
    for (const part of [policy, policy.modes, tool, tool.modes, tool.limits, EMPTY_POLICY, EMPTY_POLICY.modes])
      expect(() => Object.assign(part, { throttle: 'shadow' })).toThrow(TypeError);
    for (const { tools } of [policy, EMPTY_POLICY]) {
      const map = tools as Map<string, unknown>;
      expect(() => map.set('x', tool)).toThrow(TypeError);
      expect(() => map.delete('write_file')).toThrow(TypeError);
      expect(() => map.clear()).toThrow(TypeError);
    }
    expect([policy.tools.size, EMPTY_POLICY.tools.size]).toEqual([2, 0]);
  });

  it('has a mode for exactly the policies that can be in shadow mode', () => {
    expect(Object.keys(new PolicyModesFile())).toEqual([...SHADOWABLE_POLICIES]);
    for (const name of SHADOWABLE_POLICIES)
      expect(parsePolicy(`policies: { ${name}: shadow }`).modes).toEqual({ [name]: 'shadow' });
  });
});

describe('a policy file that does not fit', () => {
  it('is told every problem at once, by name and never with a value', () => {
    const problems = problemsOf(`
polices: { hunter2: hunter2 }
policies: { audit: shadow, throttle: hunter2 }
tools:
  write_file: { enabled: hunter2, reson: hunter2, limits: { queue: hunter2, callsPerWindow: 5 } }
  hunter 2: {}
`);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'polices',
      'policies.audit',
      'policies.throttle',
      'tools.write_file.reson',
      'tools.write_file.enabled',
      'tools.write_file.limits.callsPerWindow',
      'tools.write_file.limits.queue',
      'tools.hunter 2',
    ]);
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  it('is told the nearest known name', () => {
    expect(problemsOf('polices: {}')).toEqual([expect.stringContaining('did you mean policies?')]);
    expect(problemsOf('tools: { x: { limits: { deadlineMs: 5 } } }')).toEqual([
      expect.stringContaining('did you mean deadline_ms?'),
    ]);
    expect(problemsOf('something_else: {}')).toEqual(['something_else: not a name that is known here']);
  });

  it('is told which policies can be in shadow mode', () => {
    for (const text of ['policies: { audit: shadow }', 'tools: { x: { policies: { audit: shadow } } }'])
      expect(problemsOf(text)).toEqual([expect.stringContaining(SHADOWABLE_POLICIES.join(', '))]);
  });

  it.each([
    ['policies: { throttle: off }', 'policies.throttle'],
    ['policies: { throttle: }', 'policies.throttle'],
    ['policies: [throttle]', 'policies'],
    ['policies: shadow', 'policies'],
    ['tools: [write_file]', 'tools'],
    ['tools: { x: false }', 'tools.x'],
    ['tools: { x: { enabled: no } }', 'tools.x.enabled'],
    ['tools: { x: { enabled: } }', 'tools.x.enabled'],
    ['tools: { x: { enabled: 0 } }', 'tools.x.enabled'],
    ['tools: { x: { reason: "" } }', 'tools.x.reason'],
    ['tools: { x: { reason: "  " } }', 'tools.x.reason'],
    ['tools: { x: { reason: 5 } }', 'tools.x.reason'],
    ['tools: { x: { reason: "a\\nb" } }', 'tools.x.reason'],
    ['tools: { x: { reason: "a\\u2028b" } }', 'tools.x.reason'],
    ['tools: { x: { reason: "a\\x1bb" } }', 'tools.x.reason'],
    [`tools: { x: { reason: ${'r'.repeat(201)} } }`, 'tools.x.reason'],
    ['tools: { x: { limits: 5 } }', 'tools.x.limits'],
    ['tools: { x: { limits: { queue: -1 } } }', 'tools.x.limits.queue'],
    ['tools: { x: { limits: { queue: 1.5 } } }', 'tools.x.limits.queue'],
    ['tools: { x: { limits: { queue: "1" } } }', 'tools.x.limits.queue'],
    ['tools: { x: { limits: { queue: .inf } } }', 'tools.x.limits.queue'],
    ['tools: { x: { limits: { queue: .nan } } }', 'tools.x.limits.queue'],
    ['tools: { x: { limits: { queue: } } }', 'tools.x.limits.queue'],
    ['tools: { x: { limits: { calls_per_window: 0 } } }', 'tools.x.limits.calls_per_window'],
    ['tools: { x: { limits: { concurrency: 0 } } }', 'tools.x.limits.concurrency'],
    ['tools: { x: { limits: { output_bytes: 0 } } }', 'tools.x.limits.output_bytes'],
    ['tools: { x: { limits: { deadline_ms: 3600001 } } }', 'tools.x.limits.deadline_ms'],
    ['tools: { x: { limits: { deadline_ms: 5, attempt_timeout_ms: 6 } } }', 'tools.x.limits.attempt_timeout_ms'],
    [`tools: { ${'t'.repeat(65)}: {} }`, `tools.${'t'.repeat(64)}…`],
    ['tools: { "a\\nb": {} }', 'tools.a?b'],
    ['tools: { constructor: 5 }', 'tools.constructor'],
    ['__proto__: { policies: {} }', '__proto__'],
    ['toString: 1', 'toString'],
    ['- a', 'the file'],
    ['just words', 'the file'],
    ['5', 'the file'],
  ])('%s', (text, place) => {
    expect(problemsOf(text).map((problem) => problem.split(': ')[0])).toEqual([place]);
  });

  it.each([
    ['tools: { x: {} }\ntools: {}', 'line 2: a name that its mapping has already'],
    ['tools:\n  x: { enabled: true, "enabled": false }', 'line 2: a name that its mapping has already'],
    ['{"tools": {"x": {"enabled": true, "enabled": true}}}', 'line 1: a name that its mapping has already'],
    ['tools: { 1: {} }', 'line 1: a name must be a plain text'],
    ['tools: { ? [a, b] : {} }', 'line 1: a name must be a plain text'],
    ['tools: { x: { reason: &a enabled, *a : false } }', 'line 1: a name must be a plain text'],
    ['tools:\n\tx: {}', 'line 2: a tab in the indentation'],
    ['tools: { x: { enabled: !secret true } }', 'line 1: a tag that is not known or does not fit its value'],
    ['tools: {}\n---\ntools: {}', 'line 2: more than one document'],
    ['tools: { x: *nobody }', 'not readable as YAML: nested too deeply, too many aliases, or one without an anchor'],
  ])('%j', (text, problem) => {
    expect(problemsOf(text)).toContain(problem);
  });

  it('is refused with its lines when it is not YAML, and its text is not quoted', () => {
    for (const text of [
      'tools: { hunter2',
      'hunter2: "',
      'tools:\n - a\n hunter2\n  b: : c',
      '@hunter2',
      '%hunter2\n---\n{}',
    ]) {
      expect(problemsOf(text).length).toBeGreaterThan(0);
      expect(problemsOf(text).join()).not.toContain('hunter2');
    }
  });

  it('lists a hundred problems and counts the rest', () => {
    const lines = Array.from({ length: 150 }, (_, index) => `unknown_${index}: 1`);
    const problems = problemsOf(lines.join('\n'));
    expect([problems.length, problems.at(-1)]).toEqual([101, 'and 50 problems more']);
  });
});

describe('a policy file that wants to do harm', () => {
  it('cannot use aliases to grow', () => {
    const lists = [...'bcdefghi'].map((name, index) => {
      const before = 'abcdefgh'[index];
      return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join()}]`;
    });
    expect(problemsOf(`a: &a [x,x,x,x,x,x,x,x,x]\n${lists.join('\n')}`)).toEqual([
      expect.stringContaining('too many aliases'),
    ]);
  });

  it('may use an alias to say the same of two tools', () => {
    const { tools } = parsePolicy('tools: { a: &off { enabled: false }, b: *off }');
    expect([tools.get('a')?.enabled, tools.get('b')?.enabled]).toEqual([false, false]);
  });

  it('that refers to itself ends', () => {
    expect(problemsOf('tools: &a { x: *a }').length).toBeGreaterThan(0);
    expect(problemsOf('&a [*a]').length).toBeGreaterThan(0);
  });

  it('cannot exhaust the stack by nesting', () => {
    for (const text of ['['.repeat(20_000), '{a: '.repeat(20_000), '- '.repeat(20_000)])
      expect(problemsOf(text).length).toBeGreaterThan(0);
  });

  it('cannot reach a prototype', () => {
    const { tools, modes } = parsePolicy('tools: { __proto__: { enabled: false }, constructor: {} }');
    expect([...tools.keys()]).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(tools)).toBe(Map.prototype);
    expect(Object.getPrototypeOf(modes)).toBe(Object.prototype);
    expect(problemsOf('policies: { __proto__: { throttle: shadow } }')).toHaveLength(1);
    expect(problemsOf('tools: { x: { __proto__: { enabled: false } } }')).toHaveLength(1);
    expect(({} as { enabled?: boolean }).enabled).toBeUndefined();
  });

  it('is refused before it is parsed when there is too much of it, by what it is and not by how long it takes', () => {
    for (const text of [
      '['.repeat(70_000),
      `[${',\n'.repeat(100_000)}`,
      'a: 1\n'.repeat(50_000),
      '# \n'.repeat(60_000),
    ])
      expect(problemsOf(text)).toEqual(['more than 60000 words and signs']);
  });

  it('is refused before it is looked at when aliases make much of little', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `n${index}: 1`).join();
    const again = Array.from({ length: 99 }, (_, index) => `b${index}: *a`).join();
    expect(problemsOf(`tools: { a: &a { ${names} }, ${again} }`)).toEqual(['more than 30000 values']);
  });

  it('may be for thousands of tools', () => {
    const count = 5_000;
    const names = Array.from({ length: count }, (_, index) => `  t${index}: {}`).join('\n');
    expect(parsePolicy(`tools:\n${names}`).tools.size).toBe(count);
  });
});
