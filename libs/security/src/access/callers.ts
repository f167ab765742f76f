import { EMPTY_POLICY, type PolicySettings, type PolicySource, type RolePolicy } from '@app/config';
import { type CallerProof, LOCAL_PRINCIPAL, type Principal, ServerError } from '@app/mcp';

/** Who somebody was found to be, before the operator's policy says what that means here. */
export interface ProvenCaller {
  readonly subject: string;
  readonly tenant: string;
  /** As they were granted. */
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** Services that act for the subject, outermost last. */
  readonly actors: readonly string[];
  readonly method: CallerProof;
}

/** Principals out of proven callers: roles become scopes, and a tenant that is not listed has no place here. */
export class Callers {
  private readonly principals = new WeakMap<ProvenCaller, { policy: PolicySettings; principal: Principal }>();
  private localOf = EMPTY_POLICY;
  private localPrincipal = LOCAL_PRINCIPAL;

  constructor(private readonly policy: PolicySource) {}

  /**
   * The same object for the same caller, as long as the policy stays.
   * @throws ServerError FORBIDDEN when the tenant is not one of those that are listed
   */
  principalOf(caller: ProvenCaller): Principal {
    const policy = this.policy.current();
    const known = this.principals.get(caller);
    if (known?.policy === policy) return known.principal;
    if (policy.tenants !== undefined && !policy.tenants.has(caller.tenant))
      throw new ServerError('FORBIDDEN', 'The tenant of the caller has no place on this server.');
    const principal = Object.freeze({
      subject: caller.subject,
      tenant: caller.tenant,
      scopes: scopesOf(caller, policy.roles),
      actors: caller.actors,
      via: caller.method,
    });
    this.principals.set(caller, { policy, principal });
    return principal;
  }

  /** The caller where nobody has to prove who he is. */
  local(): Principal {
    const policy = this.policy.current();
    if (policy === this.localOf) return this.localPrincipal;
    this.localOf = policy;
    this.localPrincipal = localOf(policy);
    return this.localPrincipal;
  }
}

function scopesOf(
  { subject, tenant, scopes, roles }: Pick<ProvenCaller, 'subject' | 'tenant' | 'scopes' | 'roles'>,
  known: ReadonlyMap<string, RolePolicy>,
): readonly string[] {
  const all = new Set(scopes);
  for (const [name, role] of known) {
    const has = roles.includes(name) || role.members.includes(subject) || role.members.includes(`${tenant}/${subject}`);
    if (has) for (const scope of role.scopes) all.add(scope);
  }
  return Object.freeze([...all]);
}

function localOf({ local, roles }: PolicySettings): Principal {
  if (local === undefined) return LOCAL_PRINCIPAL;
  const isOpen = local.scopes === undefined && local.roles.length === 0;
  const { subject, tenant, scopes } = LOCAL_PRINCIPAL;
  const caller = {
    subject,
    tenant: local.tenant ?? tenant,
    scopes: isOpen ? scopes : (local.scopes ?? []),
    roles: local.roles,
  };
  return Object.freeze({ ...LOCAL_PRINCIPAL, tenant: caller.tenant, scopes: scopesOf(caller, roles) });
}
