import type { RunningCall } from '../call/running-call.js';
import type { Subject } from '../call/subject.js';
import { DependsOn } from '../policies/depends-on.policy.js';

/** The dependency of a subject where it is the same for every call. */
export function staticDependencyOf({ policies }: Subject): string | undefined {
  const dependency = policies.get(DependsOn)?.dependency;
  return typeof dependency === 'string' ? dependency : undefined;
}

/**
 * The dependency of one call. What a caller chooses is kept apart by tenant: nobody opens a breaker for somebody else.
 * @throws whatever the author's function throws
 */
export function dependencyOf({ subject, input, principal }: RunningCall): string {
  const dependency = subject.policies.get(DependsOn)?.dependency;
  if (typeof dependency === 'function') return JSON.stringify([principal.tenant, dependency(input as never)]);
  return dependency ?? `${subject.kind}:${subject.name}`;
}
