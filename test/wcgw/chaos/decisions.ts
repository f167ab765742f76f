import { createHash } from 'node:crypto';
import { FAULT_WEIGHTS } from './chaos-faults.js';
import { SeededRandom } from './seeded-random.js';
import { DEPENDENCIES, toolPlans, type ToolPlan } from './tool-plans.js';

/** What one or several equal callers do. Everything random is in here; the rest follows from it and from timing. */
export interface Decision {
  /** Of the list of tools; one past it is a tool that does not exist. */
  readonly tool: number;
  readonly via: 'direct' | 'http';
  readonly caller: 'alice' | 'bob' | 'rita';
  readonly key: string;
  readonly args: 'valid' | 'unknown key' | 'wrong type' | 'missing' | 'no object' | 'broken text';
  readonly fault: string;
  readonly idempotencyKey?: unknown;
  readonly confirm: 'no' | 'right' | 'twice' | 'wrong' | 'dry run';
  /** Over HTTP one only leaves while the method works: a request that never arrived is no call. */
  readonly leaves: 'no' | 'at once' | 'at work' | 'soon';
  readonly soonMs: number;
  /** Callers who do this at the same moment. */
  readonly copies: number;
}

export const KEYS = 6;
const HTTP_SHARE = 0.06;
const SLOW = ['hangs', 'deaf, then done', 'deaf, then failed', 'a little late', 'much later'];
/** Decisions of one key of idempotency, about: more of them would be too old, fewer would never meet. */
const DECISIONS_PER_KEY = 2_500;

/** The same for the same seed and count, whatever the server makes of it. */
export function* decide(seed: number, count: number): Generator<Decision> {
  const plans = toolPlans(seed);
  const random = new SeededRandom(seed ^ 0x5eed);
  const keysPerTool = Math.max(2, Math.round(count / DECISIONS_PER_KEY));
  let down = '';
  for (let index = 0; index < count; index++) {
    // A dependency fails for all who need it, for a while: single failures open no breaker.
    if (index % 100 === 0) down = random.chance(0.6) ? random.pick(DEPENDENCIES) : '';
    yield decideOne(random, plans, down, keysPerTool);
  }
}

function decideOne(random: SeededRandom, plans: readonly ToolPlan[], down: string, keysPerTool: number): Decision {
  const tool = random.chance(0.005) ? plans.length : random.between(0, plans.length - 1);
  const plan = plans[tool];
  const via = random.chance(HTTP_SHARE) ? 'http' : 'direct';
  const isDown = plan?.dependency !== undefined && plan.dependency === down && random.chance(0.9);
  const copies = random.weighted({ 1: 92, 2: 5, 3: 3 });
  const leaves = random.weighted({ no: 90, 'at once': 2, 'at work': 6, soon: 2 });
  // Nobody can leave a call that is over at once.
  const isSlow = leaves !== 'no' && random.chance(0.7);
  const fault = isSlow ? random.pick(SLOW) : random.weighted(FAULT_WEIGHTS);
  const idempotencyKey = keyOf(random, keysPerTool);
  // Who repeats a key mostly repeats the arguments too.
  const isRepeat = typeof idempotencyKey === 'string' && random.chance(0.9);
  const keyNumber = isRepeat
    ? idempotencyKey.length + Number(/\d+$/.exec(idempotencyKey) ?? 0)
    : random.between(0, KEYS - 1);
  return {
    tool,
    via,
    caller: random.weighted({ alice: 60, bob: 38, rita: 2 }),
    key: `key ${keyNumber}${'+'.repeat(keyNumber % 3)}`,
    args: random.weighted({
      valid: 95,
      'unknown key': 1.5,
      'wrong type': 1,
      missing: 1,
      'no object': via === 'http' ? 0 : 0.5,
      'broken text': 0.5,
    }),
    fault: isDown ? random.pick(['throws a lost connection', 'throws CONNECTION_FAILED', 'hangs']) : fault,
    idempotencyKey,
    confirm: random.weighted({ no: 20, right: 60, twice: 8, wrong: 7, 'dry run': 5 }),
    leaves: via === 'http' && leaves !== 'no' ? 'at work' : leaves,
    soonMs: random.between(1, 40),
    copies: Number(copies),
  };
}

function keyOf(random: SeededRandom, keysPerTool: number): unknown {
  if (random.chance(0.75)) return undefined;
  if (random.chance(0.03)) return random.pick(['', 7, 'x'.repeat(256), null]);
  return `k${random.between(1, keysPerTool)}`;
}

/** Tells two sequences of decisions apart. */
export function digestOf(seed: number, count: number): string {
  const hash = createHash('sha256');
  for (const decision of decide(seed, count)) hash.update(JSON.stringify(decision));
  return hash.digest('hex').slice(0, 16);
}
