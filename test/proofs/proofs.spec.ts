import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

interface Part {
  readonly part: number;
  readonly finished: boolean;
  readonly claims: readonly string[];
}
interface Proof {
  readonly name: string;
  readonly shows: string;
  readonly requirements: readonly string[];
  readonly full?: readonly string[];
  readonly small: readonly string[];
}

const root = join(import.meta.dirname, '../..');
const read = <T>(file: string): T => JSON.parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as T;
const requirements = read<Record<string, string>>('requirements.json');
const { parts, proofs } = read<{ parts: Part[]; proofs: Proof[] }>('proofs.json');

/** Requirements a part claims and no proof shows. */
const unproved = (claims: readonly string[], among: readonly Proof[]): string[] =>
  claims.filter((id) => !among.some(({ requirements: ids }) => ids.includes(id)));

describe('the list of requirements', () => {
  it('has S1 to S200, each with words', () => {
    expect(Object.keys(requirements)).toEqual(Array.from({ length: 200 }, (_, index) => `S${index + 1}`));
    for (const words of Object.values(requirements)) expect(words.length).toBeGreaterThan(10);
  });
});

describe('the proofs', () => {
  it('have names of their own and say what they show', () => {
    expect(new Set(proofs.map(({ name }) => name)).size).toBe(proofs.length);
    for (const { name, shows } of proofs) expect([/^[a-z0-9-]+$/.test(name), shows.length > 20]).toEqual([true, true]);
  });

  it('run files that exist', () => {
    const files = proofs.flatMap(({ full = [], small }) => [...full.slice(0, 1), ...small]);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('name requirements that exist', () => {
    const named = [...proofs.flatMap(({ requirements: ids }) => ids), ...parts.flatMap(({ claims }) => claims)];
    expect(named.filter((id) => requirements[id] === undefined)).toEqual([]);
  });

  it('cover whatever a part claims', () => {
    expect(parts.flatMap(({ part, claims }) => unproved(claims, proofs).map((id) => `part ${part}: ${id}`))).toEqual(
      [],
    );
  });

  it('miss a claim that nothing shows', () => {
    const [first] = parts;
    expect(
      unproved(
        first!.claims,
        proofs.filter(({ name }) => name !== 'limits'),
      ),
    ).toEqual(['S103']);
  });
});
