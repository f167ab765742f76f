import 'reflect-metadata';
import { throttlerLimitsOf } from './throttler-limits.js';

/** The name of the policy that the decorators of @nestjs/throttler are read as. */
export const CALL_LIMITS = 'call_limits';

type Declared = ReadonlyMap<string, unknown>;
type Layer = 'bundle' | 'own';
type Decorator = MethodDecorator & ClassDecorator;

const KEYS: Readonly<Record<Layer, symbol>> = { bundle: Symbol('policies of a bundle'), own: Symbol('policies') };

/** A decorator that declares one policy, on a method or, for all of its methods, on a class. */
export interface Policy<T> {
  (value: T): Decorator;
  readonly policyName: string;
  /** As part of a bundle such as `@HttpTool`: what an author declares himself wins. */
  inBundle(value: T): Decorator;
}

/**
 * Makes the decorator of a policy. A policy is only data; a stage executes it. A server on which somebody declares a
 * policy that no stage executes does not start.
 */
export function definePolicy<T>(policyName: string): Policy<T> {
  const into =
    (layer: Layer) =>
    (value: T): Decorator =>
    (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor) => {
      const holder = (descriptor?.value ?? target) as object;
      const declared = Reflect.getOwnMetadata(KEYS[layer], holder) as Declared | undefined;
      Reflect.defineMetadata(KEYS[layer], new Map([...(declared ?? []), [policyName, value]]), holder);
    };
  return Object.assign(into('own'), { policyName, inBundle: into('bundle') });
}

/** What was declared for one method: of its bundle, its class and itself, the later winning property by property. */
export class Policies {
  static readonly NONE = new Policies(new Map());

  private constructor(private readonly declared: Declared) {}

  static of(handler: object, toolset: object): Policies {
    const merged = new Map<string, unknown>();
    const layers: [Layer, object][] = [
      ['bundle', handler],
      ['own', toolset],
      ['own', handler],
    ];
    for (const [layer, holder] of layers) {
      const throttler = throttlerLimitsOf(holder);
      if (throttler !== undefined && layer === 'own')
        merged.set(CALL_LIMITS, merge(merged.get(CALL_LIMITS), throttler));
      for (const [name, value] of (Reflect.getMetadata(KEYS[layer], holder) ?? new Map()) as Declared)
        merged.set(name, merge(merged.get(name), value));
    }
    return new Policies(merged);
  }

  get<T>(policy: Policy<T>): T | undefined {
    return this.declared.get(policy.policyName) as T | undefined;
  }
  names(): readonly string[] {
    return [...this.declared.keys()];
  }
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const merge = (below: unknown, above: unknown): unknown =>
  isPlain(below) && isPlain(above) ? { ...below, ...above } : above;
