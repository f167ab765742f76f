import { Reflector } from '@nestjs/core';
import type { StageName } from '../stages/stages.js';

/** A class, an abstract class or a function: the code that mitigates. */
// oxlint-disable-next-line typescript/no-unsafe-function-type
type Code = Function;

interface ByStage {
  readonly stage: StageName;
}
interface Waiver {
  readonly waivedBecause: string;
}

/** What stands against a failure: code, a stage of the pipeline, or a recorded reason why nothing has to. */
export type Mitigation = Code | ByStage | Waiver;
/** Failure mode → what is done about it. */
export type Risks = Readonly<Record<string, Mitigation | readonly Mitigation[]>>;

export const byStage = (stage: StageName): ByStage => ({ stage });
/** This failure cannot happen here, or its harm is accepted: why. */
export const waived = (waivedBecause: string): Waiver => ({ waivedBecause });

/**
 * Declares what could go wrong with a tool and what mitigates it, by reference. The platform's stages stand against
 * some of the standard failure modes of every tool; the others must be declared, or the server does not start. On a
 * class it holds for each of its tools; what a method says itself wins.
 */
export const WhatCouldGoWrong = Reflector.createDecorator<Risks>();

/** How a mitigation is called in the register, in tests and in documents; undefined for a waiver. */
export function nameOf(mitigation: Mitigation): string | undefined {
  if (typeof mitigation === 'function') return mitigation.name;
  return 'stage' in mitigation ? mitigation.stage : undefined;
}

export const mitigationsOf = (given: Mitigation | readonly Mitigation[]): readonly Mitigation[] =>
  Array.isArray(given) ? (given as readonly Mitigation[]) : [given as Mitigation];
