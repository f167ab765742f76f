import { writeFile } from 'node:fs/promises';
import { AddressWatch, AnswerBudget, BodyBudget, EdgeIdentity, OriginRules, RequestState } from '@app/transport';
import { Cipher, PolicySource } from '@app/config';
import { LOCAL_PRINCIPAL } from '@app/mcp';
import { AdminGuard } from '@app/operations';
import { AppLog } from '@app/logging';
import { CallMetrics } from '@app/metrics';
import { Admission } from '@app/pipeline';
import { FileTree, PathLocks, TemporaryFile } from '@app/resources';
import { Authenticator, DurableAudit, PathRules, RevokedTokens } from '@app/security';
import { BoundedOperations } from '@app/storage';
import { Lifecycle } from '../../apps/server/src/lifecycle.js';
import { SECRET_SETTINGS } from '../../libs/config/src/environment-rules.js';
import { DETECTORS } from '../../libs/logging/src/redaction/detectors/detectors.js';
import { InstanceReview } from '../../libs/security/src/audit/review/instance-review.js';
import { ApprovalStage } from '../../libs/pipeline/src/around/approval.stage.js';
import { AttemptTimeoutStage } from '../../libs/pipeline/src/around/attempt-timeout.stage.js';
import { BreakerStage } from '../../libs/pipeline/src/around/breaker.stage.js';
import { BulkheadStage } from '../../libs/pipeline/src/around/bulkhead.stage.js';
import { CacheStage } from '../../libs/pipeline/src/around/cache.stage.js';
import { IdempotencyStage } from '../../libs/pipeline/src/around/idempotency.stage.js';
import { IntentStage } from '../../libs/pipeline/src/around/intent.stage.js';
import { OutputStage } from '../../libs/pipeline/src/around/output.stage.js';
import { RedactStage } from '../../libs/pipeline/src/around/redact.stage.js';
import { RetryStage } from '../../libs/pipeline/src/around/retry.stage.js';
import { AuditEntry } from '../../libs/pipeline/src/dispatch/audit-trail.js';
import { AuthorizeGuard } from '../../libs/pipeline/src/gates/authorize.guard.js';
import { InputValidationGuard } from '../../libs/pipeline/src/gates/input-validation.guard.js';
import { KillSwitchGuard } from '../../libs/pipeline/src/gates/kill-switch.guard.js';
import { PrincipalGuard } from '../../libs/pipeline/src/gates/principal.guard.js';
import { StuckLoopGuard } from '../../libs/pipeline/src/gates/stuck-loop.guard.js';
import { ThrottleGuard } from '../../libs/pipeline/src/gates/throttle.guard.js';
import { LivePolicy } from '../../libs/pipeline/src/policies/live-policy.js';
import { VersionCheck } from '../../libs/tools/src/files/text-version.js';
import { MatchCollector } from '../../libs/tools/src/search/match-collector.js';
import { SearchEngines } from '../../libs/tools/src/search/search-engines.js';
import { SearchSlots } from '../../libs/tools/src/search/search-slots.js';
import { LeftoverSweep } from '../../libs/tools/src/workspace/leftover-sweep.js';

const ANYBODY = { subject: 'anybody', tenant: 't', scopes: ['*'], roles: [], actors: [], method: 'token' };

interface Class {
  readonly prototype: object;
}
const DAY_MS = 86_400_000;

/** Takes the place of a method, of the class or of its instances. */
const put = (owner: object, name: string, method: unknown): void =>
  void Object.defineProperty(owner, name, { value: method, configurable: true, writable: true });
const passes = (gate: Class) => (): void => put(gate.prototype, 'check', () => undefined);
const absent = (stage: Class) => (): void => put(stage.prototype, 'stepFor', () => undefined);
const without = (owner: Class, name: string, method: unknown) => (): void => put(owner.prototype, name, method);

/** How each mitigation of the register is switched off in a process that runs tests: the tests that show it must fail then. */
export const SWITCH_OFF: Readonly<Record<string, () => void>> = {
  audit: without(AuditEntry, 'close', () => undefined),
  deadline: without(LivePolicy, 'deadlineMsOf', () => DAY_MS),
  admission: without(Admission, 'enter', function (this: { running: number }) {
    this.running++;
  }),
  principal: passes(PrincipalGuard),
  throttle: passes(ThrottleGuard),
  'kill switch': passes(KillSwitchGuard),
  authorize: passes(AuthorizeGuard),
  'stuck loop': passes(StuckLoopGuard),
  'validate input': passes(InputValidationGuard),
  idempotency: absent(IdempotencyStage),
  approval: absent(ApprovalStage),
  cache: absent(CacheStage),
  retry: absent(RetryStage),
  breaker: absent(BreakerStage),
  bulkhead: absent(BulkheadStage),
  'attempt timeout': absent(AttemptTimeoutStage),
  intent: absent(IntentStage),
  redact: absent(RedactStage),
  'validate output': absent(OutputStage),
  Authenticator: without(Authenticator, 'verify', async () => ({ kind: 'caller', caller: ANYBODY })),
  EdgeIdentity: without(EdgeIdentity, 'identify', () => LOCAL_PRINCIPAL),
  RevokedTokens: without(RevokedTokens, 'isRevoked', async () => false),
  AddressWatch: without(AddressWatch, 'count', async () => undefined),
  AdminGuard: without(AdminGuard, 'canActivate', async () => true),
  DurableAudit: without(DurableAudit, 'record', () => undefined),
  verifyAudit: without(InstanceReview, 'report', () => undefined),
  redactText: () => void ((DETECTORS as unknown[]).length = 0),
  reportSettings: () => (SECRET_SETTINGS as Set<string>).clear(),
  Cipher: without(Cipher, 'open', () => 'anything'),
  PathRules: without(PathRules, 'check', () => undefined),
  FileTree: without(FileTree, 'resolve', async (path: string) => ({ canonical: path, kind: 'file' })),
  TemporaryFile: () => {
    // Writes where it should not: into the target itself.
    const { write } = TemporaryFile;
    put(TemporaryFile, 'write', async (...args: Parameters<typeof write>) => {
      const [directory, target, data] = args;
      await writeFile(`${directory.path}/${target}`, data.subarray(0, 100));
      return write.apply(TemporaryFile, args);
    });
  },
  LeftoverSweep: without(LeftoverSweep, 'start', () => undefined),
  PathLocks: without(PathLocks, 'run', (_path: string, _signal: unknown, work: () => unknown) => work()),
  VersionCheck: () => put(VersionCheck, 'require', () => undefined),
  SearchSlots: without(SearchSlots, 'run', (_signal: unknown, search: () => unknown) => search()),
  MatchCollector: without(MatchCollector, 'answer', () => ({ matches: [] })),
  SearchEngines: without(SearchEngines, 'pick', async () => {
    throw new Error('the program is missing');
  }),
  PolicySource: without(PolicySource, 'reload', async () => ({ changed: true, problems: [] })),
  AppLog: without(AppLog, 'error', () => undefined),
  Lifecycle: without(Lifecycle, 'install', () => undefined),
  CallMetrics: without(CallMetrics, 'of', () => ({
    started: () => undefined,
    ended: () => undefined,
    decided: () => undefined,
  })),
  BoundedOperations: without(BoundedOperations, 'run', (work: (signal: AbortSignal) => unknown) =>
    work(new AbortController().signal),
  ),
  BodyBudget: without(BodyBudget, 'read', async (request: AsyncIterable<Buffer>) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks);
  }),
  AnswerBudget: without(AnswerBudget, 'watch', () => undefined),
  OriginRules: without(OriginRules, 'origin', () => true),
  RequestState: () => {
    put(RequestState.prototype, 'verify', async () => ({}));
    put(RequestState.prototype, 'open', () => ({ answers: {} }));
  },
};
