import { Allow, ArrayMaxSize, IsArray, IsBoolean, IsIn, IsInt, Matches, Max, Min, ValidateIf } from 'class-validator';
import { APPROVERS, type Approver, POLICY_MODES, type PolicyMode, type ShadowablePolicy } from './policy-settings.js';

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

  @Section()
  roles?: unknown;

  @Section()
  tenants?: unknown;

  @Section()
  local?: unknown;
}

/** What a token may say too: `family:action`, `family:*`, or `*`. */
const SCOPE = /^(?:\*|[a-z][a-z0-9_-]{0,63}:(?:\*|[a-z][a-z0-9_-]{0,63}))$/;
const NAME = /^[A-Za-z0-9._:@|-]{1,200}$/;
const Texts =
  (rule: RegExp, what: string): PropertyDecorator =>
  (target, name) => {
    Given()(target, name);
    for (const each of [IsArray(), ArrayMaxSize(10_000)]) each(target, name as string);
    Matches(rule, { each: true, message: `${String(name)} must be a list of ${what}` })(target, name as string);
  };

export class RolePolicyFile {
  @Texts(SCOPE, 'scopes, e.g. files:read')
  scopes?: string[];

  @Texts(/^[^\p{Cc}\p{Cs}]{1,512}$/u, 'subjects, or tenant/subject')
  members?: string[];
}

export class TenantPolicyFile {
  @Texts(NAME, 'names of workspaces')
  workspaces?: string[];

  @Whole(1, 65_535)
  calls_per_window?: number;

  @Whole(1, 100_000)
  concurrent_calls?: number;
}

export class LocalPolicyFile {
  @Given()
  @Matches(NAME, { message: 'tenant must be a name' })
  tenant?: string;

  @Texts(NAME, 'names of roles')
  roles?: string[];

  @Texts(SCOPE, 'scopes, e.g. files:read')
  scopes?: string[];
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

  @Given()
  @IsIn(APPROVERS)
  approver?: Approver;
}

export class ToolLimitsFile {
  @Whole(1, 65_535)
  calls_per_window?: number;

  @Whole(1, 604_800_000)
  window_ms?: number;

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
