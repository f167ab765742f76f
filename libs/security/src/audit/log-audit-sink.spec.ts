import { describe, expect, it } from '@jest/globals';
import type { AuditRecord } from './audit-record.js';
import { LogAuditSink } from './log-audit-sink.js';

const RECORD: AuditRecord = {
  phase: 'outcome',
  at: 0,
  callId: 'c',
  kind: 'tool',
  operation: 'x"\\\n',
  risk: 'read',
  tenant: 't"',
  subject: '\u2028é',
  inputDigest: 'ab',
  decision: 'success',
  durationMs: 1.5,
  notes: ['cache: hit', 'retry: "tried" again'],
};

describe('LogAuditSink', () => {
  it('writes a record that reads back as it was, whatever names are in it', () => {
    const lines: [string, boolean][] = [];
    const sink = new LogAuditSink({ record: (members, isUrgent) => void lines.push([members, isUrgent]) });
    sink.record(RECORD);
    const { at: _at, ...facts } = RECORD;
    expect(JSON.parse(`{${lines[0]![0]}}`)).toEqual({ msg: 'audit', ...facts });
  });

  it('hands an intent over at once, and leaves out what it does not have yet', () => {
    const lines: [string, boolean][] = [];
    const sink = new LogAuditSink({ record: (members, isUrgent) => void lines.push([members, isUrgent]) });
    sink.record({ ...RECORD, phase: 'intent', decision: undefined, durationMs: undefined });
    expect([JSON.parse(`{${lines[0]![0]}}`), lines[0]![1]]).toEqual([
      expect.not.objectContaining({ decision: expect.anything() }),
      true,
    ]);
  });

  it('writes what an event has and a call has not, but no arguments', () => {
    const lines: [string, boolean][] = [];
    const sink = new LogAuditSink({ record: (members, isUrgent) => void lines.push([members, isUrgent]) });
    const { durationMs: _took, ...call } = RECORD;
    const event = { ...call, phase: 'event', address: '192.0.2.1', reason: 'x"', details: { keyId: 'k' } } as const;
    sink.record({ ...event, actors: [], arguments: '{"path":"secret"}' });
    const { at: _at, ...facts } = event;
    expect([JSON.parse(`{${lines[0]![0]}}`), lines[0]![1]]).toEqual([{ msg: 'audit', ...facts }, true]);
  });
});
