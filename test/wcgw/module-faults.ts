/** A test that injects a failure, by the words of its title. */
export interface Shown {
  readonly file: string;
  readonly failure: string;
  readonly mitigation: string;
}

const parts = 'test/wcgw/parts.e2e-spec.ts';
const gates = 'test/wcgw/gates.e2e-spec.ts';
const around = 'test/wcgw/around.e2e-spec.ts';
const shown = (file: string, failure: string, mitigation: string): Shown => ({ file, failure, mitigation });

/** Every module of the server, and tests that make it fail. */
export const MODULE_FAULTS: Readonly<Record<string, readonly Shown[]>> = {
  AdminModule: [shown('test/callers/admin.e2e-spec.ts', 'no permission', 'AdminGuard')],
  AppModule: [shown(parts, 'silent failure', 'Lifecycle')],
  // Audit, authorizer, approvals and the server's own secrets.
  BindingsModule: [
    shown(gates, 'lost record', 'audit'),
    shown(gates, 'no permission', 'authorize'),
    shown(around, 'irreversible loss', 'approval'),
    shown(around, 'secret leak', 'redact'),
    shown(around, 'effect without a record', 'intent'),
  ],
  ConfigModule: [
    shown('libs/config/src/policy/policy-source.spec.ts', 'bad policy file', 'PolicySource'),
    shown('libs/config/src/policy/policy-source.spec.ts', 'missing configuration', 'PolicySource'),
  ],
  LoggingModule: [shown(parts, 'lost context of an error', 'AppLog')],
  MetricsModule: [
    shown(parts, 'unmeasured call', 'CallMetrics'),
    shown('test/wcgw/modules.spec.ts', 'broken metrics', 'MetricsController'),
  ],
  OperationsModule: [
    shown('test/wcgw/modules.spec.ts', 'broken metrics', 'MetricsController'),
    shown('test/wcgw/modules.spec.ts', 'hang', 'HealthController'),
  ],
  PipelineModule: [
    shown(gates, 'hang', 'deadline'),
    shown(gates, 'overload', 'admission'),
    shown(gates, 'bad arguments', 'validate input'),
    shown(around, 'hang', 'attempt timeout'),
  ],
  RecoveryModule: [shown(around, 'dependency down', 'breaker'), shown(around, 'retry storm', 'retry')],
  StorageModule: [
    shown('libs/storage/src/services/redis-connection.spec.ts', 'store that does not answer', 'BoundedOperations'),
  ],
  ToolsModule: [
    shown(parts, 'partial write', 'TemporaryFile'),
    shown(parts, 'dependency down', 'SearchEngines'),
    shown('libs/resources/src/files/file-tree.spec.ts', 'escape', 'FileTree'),
  ],
  TransportModule: [
    shown(parts, 'body flood', 'BodyBudget'),
    shown('libs/transport/src/http/answer-budget.spec.ts', 'client that does not read', 'AnswerBudget'),
    shown('libs/transport/src/protocol/request-state.spec.ts', 'forged consent', 'RequestState'),
  ],
};

/** What is wrong with the entries of one module, in words. @param read a file's text; undefined where there is none */
export function problemsOf(
  module: string,
  entries: readonly Shown[] | undefined,
  read: (file: string) => string | undefined,
): string[] {
  if (entries === undefined || entries.length === 0) return [`no test makes ${module} fail`];
  return entries.flatMap(({ file, failure, mitigation }) => {
    const source = read(file);
    if (source === undefined) return [`${module}: there is no ${file}`];
    const titles = [...source.matchAll(/\binjected\(\s*'([^']+)',\s*'([^']+)'/g)];
    return titles.some(([, found, by]) => found === failure && by === mitigation)
      ? []
      : [`${module}: ${file} does not inject ${failure} → ${mitigation}`];
  });
}
