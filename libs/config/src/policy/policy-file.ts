import { Allow, IsBoolean, IsIn, IsInt, Matches, Max, Min, ValidateIf } from 'class-validator';
import { POLICY_MODES, type PolicyMode, type ShadowablePolicy } from './policy-settings.js';

const HOUR_MS = 3_600_000;
/** Code points that do not end the line, do not steer a terminal, and are not half a pair. */
const ONE_LINE = /^(?=.*\S)[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]{1,200}$/u;

/** Read by a class of its own. With everything in it commented out it has no value: that is as if it were absent. */
const Section = (): PropertyDecorator => Allow();
/** May be absent. A name without a value is a slip, and must not pass for a default. */
const Given = (): PropertyDecorator => ValidateIf((_file: unknown, value: unknown) => value !== undefined);
const Mode = (): PropertyDecorator => (target, name) => {
  Given()(target, name);
  IsIn(POLICY_MODES)(target, name as string);
};
const Whole =
  (min: number, max: number): PropertyDecorator =>
  (target, name) => {
    Given()(target, name);
    for (const rule of [IsInt(), Min(min), Max(max)]) rule(target, name as string);
  };

/** The schema of the policy file: its names are the names in the file. */
export class PolicyFile {
  @Section()
  policies?: unknown;

  @Section()
  tools?: unknown;
}

export class PolicyModesFile implements Partial<Record<ShadowablePolicy, PolicyMode>> {
  @Mode()
  throttle?: PolicyMode;
  @Mode()
  authorize?: PolicyMode;
  @Mode()
  approval?: PolicyMode;
  @Mode()
  bulkhead?: PolicyMode;
  @Mode()
  breaker?: PolicyMode;
  @Mode()
  stuck_loop?: PolicyMode;
}

export class ToolPolicyFile {
  @Given()
  @IsBoolean()
  enabled?: boolean;

  @Given()
  @Matches(ONE_LINE, { message: 'reason must be one line of 1 to 200 characters' })
  reason?: string;

  @Section()
  policies?: unknown;

  @Section()
  limits?: unknown;
}

export class ToolLimitsFile {
  @Whole(1, 65_535)
  calls_per_window?: number;

  @Whole(1, HOUR_MS)
  deadline_ms?: number;

  @Whole(1, HOUR_MS)
  attempt_timeout_ms?: number;

  @Whole(1, 100_000)
  concurrency?: number;

  @Whole(0, 100_000)
  queue?: number;

  @Whole(1, 1_073_741_824)
  output_bytes?: number;
}
