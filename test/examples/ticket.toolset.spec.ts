import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ServerError } from '@app/mcp';
import { faults, injected, TestKit } from '@app/testing';
import { TicketTools, TicketTracker } from './ticket.toolset.js';

const tracker = { find: async (id: string) => ({ id, title: 'The login page is slow', isOpen: true }) };
const down = (): ServerError => new ServerError('CONNECTION_FAILED', 'The tracker does not answer.');

describe('read_ticket', () => {
  let kit: TestKit;
  beforeEach(async () => {
    const providers = [{ provide: TicketTracker, useValue: tracker }];
    kit = await TestKit.start({ toolsetClasses: [TicketTools], providers });
  });
  afterEach(() => kit.stop());

  it('reads a ticket', async () => {
    expect(await kit.succeed('read_ticket', { id: 'WEB-12' })).toMatchObject({ id: 'WEB-12', isOpen: true });
  });

  it(injected('transient error', 'retry', 'a tracker that fails once is asked again'), async () => {
    kit.inject('read_ticket', faults.failTimes(1, down));
    expect(await kit.succeed('read_ticket', { id: 'WEB-12' })).toMatchObject({ id: 'WEB-12' });
    expect(await kit.metric('wcgw_stage_decisions_total', { stage: 'retry' })).toBe(1);
  });

  it(injected('dependency down', 'breaker', 'a tracker that is down is left alone'), async () => {
    kit.inject('read_ticket', faults.failForever(down));
    const codes = [];
    for (const id of ['A-1', 'A-2', 'A-3', 'A-4']) codes.push((await kit.fail('read_ticket', { id })).code);
    expect(codes).toContain('CIRCUIT_OPEN');
    expect(await kit.held()).toMatchObject({ calls: 0, overdue: 0, places: 0, waiting: 0 });
  });

  it('refuses what is no ticket, and asks nobody', async () => {
    expect((await kit.fail('read_ticket', { id: '../etc' })).code).toBe('INVALID_ARGUMENT');
  });
});
