import { Injectable, Optional } from '@nestjs/common';
import type { Subject } from '../call/subject.js';
import { OperationRegistry } from '../registry/operation.registry.js';
import { platformMitigations, STANDARD_FAILURES } from './failure-modes.js';
import { type Mitigation, mitigationsOf, nameOf, type Risks } from './what-could-go-wrong.js';

/** One line of the register. */
export interface RegisterEntry {
  /** A tool, or a component of the server. */
  readonly who: string;
  readonly risk?: string;
  readonly failure: string;
  /** Names of stages and classes; empty where it is waived. */
  readonly mitigatedBy: readonly string[];
  readonly waivedBecause?: string;
  /** Requirements this line answers, e.g. `S52`. */
  readonly requirements: readonly string[];
}

/** What could go wrong with a component that is no tool. */
export interface ComponentRisk {
  readonly component: string;
  readonly failure: string;
  readonly by: Mitigation | readonly Mitigation[];
  readonly requirements?: readonly string[];
}

/** What could go wrong with the components of the server; bound by whoever puts them together. */
export abstract class ComponentRisks {
  abstract readonly risks: readonly ComponentRisk[];
}

/** Every failure the server knows of, and what stands against it. */
@Injectable()
export class WcgwRegister {
  constructor(
    private readonly registry: OperationRegistry,
    @Optional() private readonly components?: ComponentRisks,
  ) {}

  entries(): readonly RegisterEntry[] {
    const tools = this.registry.tools().flatMap((tool) =>
      Object.entries(allRisksOf(tool, tool.risks)).map(([failure, given]) => ({
        who: tool.name,
        risk: tool.risk,
        ...lineOf(failure, given),
      })),
    );
    const components = (this.components?.risks ?? []).map(({ component, failure, by, requirements }) => ({
      who: component,
      ...lineOf(failure, by, requirements),
    }));
    return [...tools, ...components];
  }

  /** Standard failures of tools that nothing stands against and nobody waived. */
  holes(): readonly string[] {
    return this.registry
      .tools()
      .flatMap((tool) => holesOf(tool, tool.risks).map((failure) => `${tool.name}: ${failure}`));
  }
}

/** What a tool declares stands beside what the platform does. */
export function allRisksOf(subject: Subject, declared: Risks): Risks {
  const all: Record<string, readonly Mitigation[]> = {};
  for (const risks of [platformMitigations(subject), declared])
    for (const [failure, given] of Object.entries(risks))
      all[failure] = [...mitigationsOf(all[failure] ?? []), ...mitigationsOf(given)];
  return all;
}

export function holesOf(subject: Subject, declared: Risks): readonly string[] {
  const known = allRisksOf(subject, declared);
  return STANDARD_FAILURES[subject.risk].filter((failure) => mitigationsOf(known[failure] ?? []).length === 0);
}

function lineOf(
  failure: string,
  given: Mitigation | readonly Mitigation[],
  requirements: readonly string[] = [],
): Omit<RegisterEntry, 'who'> {
  const all = mitigationsOf(given);
  const mitigatedBy = all.map(nameOf).filter((name) => name !== undefined);
  const waivers = all.flatMap((each) =>
    typeof each === 'object' && 'waivedBecause' in each ? [each.waivedBecause] : [],
  );
  return { failure, mitigatedBy, ...(waivers.length > 0 && { waivedBecause: waivers.join(' ') }), requirements };
}
