import { describe, expect, it } from '@jest/globals';
import { EMPTY_POLICY, PolicySource } from '@app/config';
import { LOCAL_PRINCIPAL } from '@app/mcp';
import type { ApiKeys, DurableAudit, SecurityEvents } from '@app/security';
import { KeysController } from './keys.controller.js';

describe('KeysController', () => {
  it('neither makes nor exchanges a key while the audit takes no records, and still ends one', async () => {
    const done: string[] = [];
    const keys: Pick<ApiKeys, 'list' | 'create' | 'rotate' | 'revoke'> = {
      list: () => Promise.resolve([{ id: 'k', tenant: 'acme', subject: 's', scopes: [], roles: [] } as never]),
      create: () => Promise.reject(new Error('made')),
      rotate: () => Promise.reject(new Error('exchanged')),
      revoke: (id) => Promise.resolve(void done.push(id) as never),
    };
    const events = { record: () => Promise.resolve() } as Pick<SecurityEvents, 'record'> as SecurityEvents;
    const policy = new PolicySource(undefined, EMPTY_POLICY);
    const audit = { isWritable: false } as DurableAudit;
    const controller = new KeysController(events, policy, keys as ApiKeys, audit);
    const wanted = { name: 'n', subject: 's', scopes: [] };
    const unavailable = { code: 'POLICY_UNAVAILABLE' };
    await expect(controller.create(LOCAL_PRINCIPAL, wanted)).rejects.toMatchObject(unavailable);
    await expect(controller.rotate(LOCAL_PRINCIPAL, 'k')).rejects.toMatchObject(unavailable);
    await controller.revoke(LOCAL_PRINCIPAL, 'k');
    expect(done).toEqual(['k']);
  });
});
