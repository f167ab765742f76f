import { describe, expect, it } from '@jest/globals';
import { injected } from '@app/testing';
import type { ServerContext } from '@modelcontextprotocol/server';
import { Limits } from '@app/config';
import type { CallState, Principal } from '@app/mcp';
import { type CallIdentity, RequestState } from './request-state.js';

const principal = (subject: string, tenant = 'acme'): Principal => ({ subject, tenant, scopes: [], actors: [] });
const IDENTITY: CallIdentity = {
  principal: principal('alice'),
  method: 'tools/call',
  name: 'edit_file',
  input: { path: 'a' },
};
const STATE: CallState = { answers: { confirm: { action: 'accept' } }, data: { step: 1 } };
const CTX = {} as ServerContext;
const REFUSED = { code: -32602, message: 'Invalid or expired requestState' };

const stateWith = (limits: Partial<Limits> = {}): RequestState => new RequestState(new Limits(limits));

/** What a server does with a state that comes back. */
async function roundTrip(state: RequestState, text: string, identity: CallIdentity): Promise<CallState | undefined> {
  return state.open(await state.verify(text, CTX), identity);
}

describe('the state between two rounds of a call', () => {
  it('comes back to the same call as it was', async () => {
    const state = stateWith();
    expect(await roundTrip(state, await state.seal(STATE, IDENTITY), IDENTITY)).toEqual(STATE);
  });

  it('is nothing in the first round', () => {
    expect(stateWith().open(undefined, IDENTITY)).toBeUndefined();
  });

  it('is different each time, also for the same call', async () => {
    const state = stateWith();
    expect(await state.seal(STATE, IDENTITY)).not.toBe(await state.seal(STATE, IDENTITY));
  });

  it(injected('forged consent', 'RequestState', 'is refused when any of its characters was changed'), async () => {
    const state = stateWith();
    const text = await state.seal(STATE, IDENTITY);
    const changed = [...text].map((char, at) => text.slice(0, at) + (char === 'A' ? 'B' : 'A') + text.slice(at + 1));
    const accepted = await Promise.all(
      changed.map((tampered) =>
        roundTrip(state, tampered, IDENTITY).then(
          () => tampered,
          () => undefined,
        ),
      ),
    );
    // The last character of base64 carries bits that decoders ignore: it may change without changing what was signed.
    expect(accepted.slice(0, -1).filter((one) => one !== undefined)).toEqual([]);
    expect(changed.length).toBeGreaterThan(100);
  });

  it.each(['', 'x', 'v1.', 'v1..', 'v1.e30.', '.'.repeat(40)])('is refused when it is %j', async (text) => {
    await expect(stateWith().verify(text, CTX)).rejects.toThrow();
  });

  it('is refused by another process, whose key is another', async () => {
    const text = await stateWith().seal(STATE, IDENTITY);
    await expect(stateWith().verify(text, CTX)).rejects.toThrow();
  });

  it.each<[string, Partial<CallIdentity>]>([
    ['another caller', { principal: principal('bob') }],
    ['the caller of the same name in another tenant', { principal: principal('alice', 'globex') }],
    ['another tool', { name: 'write_file' }],
    ['a prompt of the same name', { method: 'prompts/get' }],
    ['other arguments', { input: { path: 'b' } }],
    ['more arguments', { input: { path: 'a', dry_run: false } }],
    ['no arguments', { input: undefined }],
  ])('is refused for %s', async (_name, other) => {
    const state = stateWith();
    const text = await state.seal(STATE, IDENTITY);
    await expect(roundTrip(state, text, { ...IDENTITY, ...other })).rejects.toMatchObject(REFUSED);
    // Being tried on the wrong call does not use it up.
    expect(await roundTrip(state, text, IDENTITY)).toEqual(STATE);
  });

  it('is good for one use', async () => {
    const state = stateWith();
    const text = await state.seal(STATE, IDENTITY);
    await roundTrip(state, text, IDENTITY);
    await expect(roundTrip(state, text, IDENTITY)).rejects.toMatchObject(REFUSED);
  });

  it('expires', async () => {
    const state = stateWith({ requestStateTtlS: -1 });
    await expect(state.verify(await state.seal(STATE, IDENTITY), CTX)).rejects.toThrow('expired');
  });

  it('is refused unread when it is too long', async () => {
    const state = stateWith({ requestStateChars: 100 });
    await expect(state.verify(await state.seal(STATE, IDENTITY), CTX)).rejects.toThrow('too long');
  });
});
