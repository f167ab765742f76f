import { Cipher, PolicySource, reportSettings } from '@app/config';
import { AppLog, redactText } from '@app/logging';
import { CallMetrics } from '@app/metrics';
import { byStage, type ComponentRisks } from '@app/pipeline';
import { FileTree } from '@app/resources';
import { Authenticator, DurableAudit, PathRules, RevokedTokens, verifyAudit } from '@app/security';
import { AdminGuard } from '@app/operations';
import { BoundedOperations } from '@app/storage';
import { AddressWatch, AnswerBudget, BodyBudget, EdgeIdentity, OriginRules, RequestState } from '@app/transport';
import { Lifecycle } from './lifecycle.js';

/** What could go wrong with the parts of the server that are no tools. */
export const COMPONENT_RISKS: ComponentRisks = {
  risks: [
    { component: 'configuration', failure: 'missing configuration', by: PolicySource, requirements: ['S26'] },
    { component: 'configuration', failure: 'bad policy file', by: PolicySource, requirements: ['S27'] },
    { component: 'security', failure: 'escape', by: [PathRules, FileTree], requirements: ['S18'] },
    {
      component: 'security',
      failure: 'overload',
      by: [byStage('throttle'), byStage('admission')],
      requirements: ['S20'],
    },
    { component: 'security', failure: 'secret leak', by: byStage('redact'), requirements: ['S21'] },
    { component: 'security', failure: 'secret leak', by: redactText, requirements: ['S37'] },
    { component: 'security', failure: 'irreversible loss', by: byStage('approval') },
    { component: 'configuration', failure: 'secret leak', by: reportSettings, requirements: ['S28'] },
    { component: 'configuration', failure: 'tampered secret', by: Cipher },
    { component: 'authentication', failure: 'forged identity', by: Authenticator },
    { component: 'authentication', failure: 'dependency down', by: [EdgeIdentity, RevokedTokens] },
    { component: 'authentication', failure: 'overload', by: AddressWatch },
    { component: 'authentication', failure: 'no permission', by: [byStage('authorize'), AdminGuard] },
    { component: 'audit', failure: 'lost record', by: [byStage('audit'), DurableAudit] },
    { component: 'audit', failure: 'tampered record', by: verifyAudit },
    {
      component: 'errors',
      failure: 'cascading failure',
      by: [byStage('breaker'), byStage('bulkhead')],
      requirements: ['S52', 'S97'],
    },
    { component: 'errors', failure: 'transient error', by: byStage('retry'), requirements: ['S53'] },
    { component: 'errors', failure: 'lost context of an error', by: AppLog, requirements: ['S54'] },
    { component: 'errors', failure: 'silent failure', by: Lifecycle, requirements: ['S55'] },
    { component: 'tools', failure: 'bad arguments', by: byStage('validate input'), requirements: ['S64'] },
    {
      component: 'tools',
      failure: 'hang',
      by: [byStage('deadline'), byStage('attempt timeout')],
      requirements: ['S65'],
    },
    {
      component: 'tools',
      failure: 'oversize',
      by: byStage('validate output'),
      requirements: ['S66'],
    },
    { component: 'tools', failure: 'unmeasured call', by: CallMetrics, requirements: ['S67'] },
    { component: 'storage', failure: 'store that does not answer', by: BoundedOperations },
    { component: 'transport', failure: 'body flood', by: BodyBudget },
    { component: 'transport', failure: 'client that does not read', by: AnswerBudget },
    { component: 'transport', failure: 'foreign web page', by: OriginRules },
    { component: 'transport', failure: 'forged consent', by: RequestState },
  ],
};
