import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import { ConfigurationError } from '../configuration.error.js';
import { parsePolicy } from './parse-policy.js';
import { EMPTY_POLICY, type PolicySettings } from './policy-settings.js';
import { PolicySource } from './policy-source.js';

const off = (...tools: string[]): string => `tools: { ${tools.map((tool) => `${tool}: { enabled: false }`).join()} }`;
const toolsOf = ({ tools }: PolicySettings): string[] => [...tools.keys()];

/** A source whose file is what the test says, at the moment it says so. */
function scripted(initial: PolicySettings = EMPTY_POLICY) {
  const reads: PromiseWithResolvers<string>[] = [];
  const source = new PolicySource('/policy.yaml', initial, () => {
    const read = Promise.withResolvers<string>();
    reads.push(read);
    return read.promise;
  });
  const reloadWith = (text: string) => {
    const result = source.reload();
    reads.at(-1)!.resolve(text);
    return result;
  };
  return { source, reads, reloadWith };
}

describe('a reload', () => {
  it('takes the new policy, and tells the listeners', async () => {
    const { source, reloadWith } = scripted();
    const seen: string[][] = [];
    source.onChange((policy) => seen.push([...toolsOf(policy), ...toolsOf(source.current())]));
    expect(await reloadWith(off('x'))).toEqual({ changed: true, problems: [] });
    expect(source.current().tools.get('x')?.enabled).toBe(false);
    expect(seen).toEqual([['x', 'x']]);
  });

  it('of the same policy changes nothing and tells nobody', async () => {
    const { source, reloadWith } = scripted(parsePolicy(off('x')));
    const before = source.current();
    let told = 0;
    source.onChange(() => told++);
    expect(await reloadWith(`# said otherwise\n${off('x')}`)).toEqual({ changed: false, problems: [] });
    expect([source.current() === before, told]).toEqual([true, 0]);
  });

  it('without a file does nothing', async () => {
    const source = new PolicySource(undefined, EMPTY_POLICY, () => Promise.reject(new Error('not to be read')));
    expect(await source.reload()).toEqual({ changed: false, problems: [] });
  });

  it(injected('bad policy file', 'PolicySource', 'keeps the old policy when the new one does not parse'), async () => {
    const { source, reloadWith } = scripted(parsePolicy(off('x')));
    const before = source.current();
    expect(await reloadWith('tols: {}')).toEqual({ changed: false, problems: [expect.stringContaining('tools?')] });
    expect(source.current()).toBe(before);
  });

  it(
    injected(
      'missing configuration',
      'PolicySource',
      'keeps the old policy when the file cannot be read, and works again afterwards',
    ),
    async () => {
      const { source, reads, reloadWith } = scripted(parsePolicy(off('x')));
      const failed = source.reload();
      reads[0]!.reject(new Error('gone'));
      expect(await failed).toEqual({ changed: false, problems: ['the file cannot be read: gone'] });
      expect(toolsOf(source.current())).toEqual(['x']);
      expect(await reloadWith(off('y'))).toEqual({ changed: true, problems: [] });
    },
  );
});

describe('reloads at the same time', () => {
  it('run one after another, and all that wait share one that begins afterwards', async () => {
    const { source, reads } = scripted();
    const first = source.reload();
    const [second, third] = [source.reload(), source.reload()];
    expect(reads).toHaveLength(1);
    reads[0]!.resolve(off('old'));
    expect((await first).changed).toBe(true);
    await Promise.resolve();
    expect([reads.length, toolsOf(source.current())]).toEqual([2, ['old']]);
    reads[1]!.resolve(off('new'));
    expect([(await second).changed, (await third).changed, toolsOf(source.current())]).toEqual([true, true, ['new']]);
    expect(reads).toHaveLength(2);
  });

  it('never overlap, whenever they are asked for', async () => {
    let [reading, most, reads] = [0, 0, 0];
    const source = new PolicySource('/policy.yaml', EMPTY_POLICY, async () => {
      most = Math.max(most, ++reading);
      await Promise.resolve();
      reading--;
      return off(`t${reads++}`);
    });
    const results: Promise<{ changed: boolean }>[] = [];
    for (let turn = 0; turn < 50; turn++) {
      results.push(source.reload());
      for (let steps = turn % 7; steps > 0; steps--) await Promise.resolve();
    }
    expect((await Promise.all(results)).every(({ changed }) => changed)).toBe(true);
    expect([most, toolsOf(source.current())]).toEqual([1, [`t${reads - 1}`]]);
  });

  it('that follow a finished one read again', async () => {
    const { source, reads, reloadWith } = scripted();
    await reloadWith(off('a'));
    await reloadWith(off('b'));
    expect([reads.length, toolsOf(source.current())]).toEqual([2, ['b']]);
  });
});

describe('a check', () => {
  it('vetoes a policy with its reasons, and all checks are asked', async () => {
    const { source, reloadWith } = scripted();
    const told: PolicySettings[] = [];
    source.onChange((policy) => told.push(policy));
    source.addCheck(({ tools }) => (tools.has('ghost') ? ['tools.ghost: no tool has this name'] : []));
    source.addCheck(({ tools }) => (tools.has('ghost') ? ['tools.ghost: nor any other'] : []));
    expect(await reloadWith(off('ghost'))).toEqual({
      changed: false,
      problems: ['tools.ghost: no tool has this name', 'tools.ghost: nor any other'],
    });
    expect([source.current(), told]).toEqual([EMPTY_POLICY, []]);
    expect((await reloadWith(off('x'))).changed).toBe(true);
  });

  it('that throws objects', async () => {
    const { source, reloadWith } = scripted();
    source.addCheck(() => {
      throw new Error('broken');
    });
    expect(await reloadWith(off('x'))).toEqual({ changed: false, problems: ['a check failed: broken'] });
    expect(source.current()).toBe(EMPTY_POLICY);
  });

  it('is asked about the first policy at boot', () => {
    const source = new PolicySource('/policy.yaml', parsePolicy(off('ghost')));
    source.verify();
    source.addCheck(({ tools }) => (tools.has('ghost') ? ['tools.ghost: no tool has this name'] : []));
    expect(() => source.verify()).toThrow(ConfigurationError);
    expect(() => source.verify()).toThrow('policy: tools.ghost: no tool has this name');
  });
});

describe('a listener', () => {
  it('that throws brings the old policy back to every listener', async () => {
    const old = parsePolicy(off('old'));
    const { source, reloadWith } = scripted(old);
    const seen: Record<string, string[]> = { before: [], after: [] };
    source.onChange((policy) => seen['before']!.push(...toolsOf(policy)));
    source.onChange((policy) => {
      if (policy !== old) throw new Error('too many');
    });
    source.onChange((policy) => seen['after']!.push(...toolsOf(policy)));
    expect(await reloadWith(off('new'))).toEqual({
      changed: false,
      problems: ['a part of the server cannot take it: too many'],
    });
    expect(source.current()).toBe(old);
    expect(seen).toEqual({ before: ['new', 'old'], after: ['new', 'old'] });
  });

  it('that cannot take the old one back either does not keep it from the others', async () => {
    const { source, reloadWith } = scripted(parsePolicy(off('old')));
    const seen: string[] = [];
    source.onChange(() => {
      throw new Error('never');
    });
    source.onChange((policy) => seen.push(...toolsOf(policy)));
    expect((await reloadWith(off('new'))).problems).toHaveLength(2);
    expect([seen, toolsOf(source.current())]).toEqual([['new', 'old'], ['old']]);
  });

  it('hears nothing after it has stopped, and stopping one leaves its twin', async () => {
    const { source, reloadWith } = scripted();
    let told = 0;
    const count = (): void => void told++;
    const stop = source.onChange(count);
    source.onChange(count);
    stop();
    stop();
    await reloadWith(off('x'));
    expect(told).toBe(1);
  });

  it('leaks are found', () => {
    const { source } = scripted();
    for (let index = 0; index < 256; index++) source.onChange(() => undefined);
    expect(() => source.onChange(() => undefined)).toThrow(RangeError);
  });
});

describe('a policy file on disk', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'policy-'));
    file = join(folder, 'policy.yaml');
  });
  const reload = () => new PolicySource(file, EMPTY_POLICY).reload();

  it('is read', async () => {
    writeFileSync(file, `\uFEFF${off('x')}`);
    expect(await reload()).toEqual({ changed: true, problems: [] });
  });

  it('may be 256 KiB, and not one byte more', async () => {
    const sized = (bytes: number): string => `${off('x')}\n#${' '.repeat(bytes)}`.slice(0, bytes);
    writeFileSync(file, sized(262_144));
    expect(await reload()).toEqual({ changed: true, problems: [] });
    writeFileSync(file, sized(262_145));
    expect(await reload()).toEqual({ changed: false, problems: ['the file is larger than 262144 bytes'] });
  });

  it('is refused when it is missing, a folder, empty or not UTF-8', async () => {
    expect((await reload()).problems).toEqual(['the file cannot be read (ENOENT)']);
    writeFileSync(file, ' \n');
    expect((await reload()).problems).toEqual([expect.stringContaining('empty')]);
    writeFileSync(file, Buffer.from([0x23, 0xff, 0xfe]));
    expect((await reload()).problems).toEqual(['the file is not UTF-8']);
    file = join(folder, 'folder');
    mkdirSync(file);
    expect((await reload()).problems).toEqual(['the file is not a regular file']);
  });
});
