import { describe, expect, it } from '@jest/globals';
import { MemoryAuditSink } from './memory-audit-sink.js';
import { SecurityEvents } from './security-events.js';

describe('SecurityEvents', () => {
  it('are records like those of calls, each with an id of its own', async () => {
    const sink = new MemoryAuditSink();
    let ids = 0;
    const events = new SecurityEvents(
      sink,
      () => `e${++ids}`,
      () => 5,
    );
    await events.record({ operation: 'config_loaded' });
    await events.record({
      operation: 'authentication',
      decision: 'UNAUTHENTICATED',
      address: '192.0.2.1',
      reason: 'expired',
    });
    expect(sink.records()).toMatchObject([
      {
        phase: 'event',
        callId: 'e1',
        at: 5,
        kind: 'security',
        tenant: 'server',
        subject: 'server',
        decision: 'success',
      },
      {
        callId: 'e2',
        operation: 'authentication',
        decision: 'UNAUTHENTICATED',
        address: '192.0.2.1',
        reason: 'expired',
      },
    ]);
  });

  it('fail where the sink does', async () => {
    const sink = { record: () => Promise.reject(new Error('full')) };
    const events = new SecurityEvents(sink, () => 'e');
    await expect(events.record({ operation: 'key_created' })).rejects.toThrow('full');
  });
});
