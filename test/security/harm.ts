import { isUtf8 } from 'node:buffer';
import type { AuditedCall, Evidence, Reply } from './evidence.js';
import { stringsIn } from './strings-in.js';
import { differences } from './tree-snapshot.js';

// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const STACK = /\n\s*at .+[:(]\d+|node:internal|\.js:\d+:\d+|\.ts:\d+:\d+/;

/** One kind of harm. A check returns what it found, in words; nothing means no harm was done. */
type Check = (evidence: Evidence) => readonly string[];

/** No secret in any answer, header, error output or log line, however it is spelled. */
const canary: Check = ({ canaries, replies, output }) => {
  const texts = [
    ...replies.map(({ what, headers, bytes }) => [what, `${headers}\n${bytes.toString('utf8')}`] as const),
    ...Object.entries(output),
  ];
  return texts.flatMap(([where, text]) =>
    canaries.flatMap((one) => {
      const form = one.foundIn(text);
      return form === undefined ? [] : [`${where} has the canary ${one.name}, ${form}`];
    }),
  );
};

/** Nothing outside of the workspace was made, changed or removed. */
const outside: Check = ({ outside: { before, after } }) => differences(before, after);

/** Nothing inside of a repository's own folder was. */
const git: Check = ({ git: { before, after } }) => differences(before, after);

/** Another client was served all the time. */
const live: Check = ({ probes, liveMs }) =>
  probes.length === 0
    ? ['nobody looked whether the server still answers']
    : probes
        .filter(({ ms, succeeded }) => !succeeded || ms > liveMs)
        .map(
          ({ ms, succeeded }) => `a second client ${succeeded ? 'waited' : 'had no answer after'} ${Math.round(ms)} ms`,
        );

/** What is sent can be read by anybody: valid text, nothing a terminal acts on, nothing about the machine, true to its schema. */
const output: Check = ({ replies, secretPaths, schemaProblems }) =>
  replies.flatMap((reply) => {
    const found = [...judgeText(reply, secretPaths), ...schemaProblems(reply)];
    return found.map((problem) => `${reply.what}: ${problem}`);
  });

function judgeText({ bytes, message, said }: Reply, secretPaths: readonly string[]): string[] {
  if (!isUtf8(bytes)) return ['the answer is not valid UTF-8'];
  if (message === undefined) return ['the answer is not JSON'];
  const found: string[] = [];
  const texts = message.result?.content?.flatMap(({ text }) => text ?? []) ?? [];
  if (message.error !== undefined) texts.push(message.error.message);
  for (const text of texts)
    if (CONTROLS.test(text))
      found.push(`a text has the control ${JSON.stringify(CONTROLS.exec(text)![0])}: ${JSON.stringify(text)}`);
  const everything = stringsIn(message);
  for (const path of secretPaths.filter((each) => !said.includes(each)))
    if (everything.some((text) => text.includes(path))) found.push(`the answer tells the path ${path}`);
  // File content is the caller's own; what the server says itself has no stack.
  const own = message.result === undefined || message.result.isError === true ? everything : [];
  if (own.some((text) => STACK.test(text))) found.push('the answer has a stack');
  if (message.result?.isError === true && message.result.structuredContent !== undefined)
    found.push('an error has structured content');
  return found;
}

/** By their names in the table of attacks. The audit is judged once for all calls, because log lines come in batches. */
export const CHECKS = { CAN: canary, OUT: outside, GITCFG: git, LIVE: live, OUTP: output } as const satisfies Record<
  string,
  Check
>;

/** Everything that any check finds. */
export const harmIn = (evidence: Evidence): string[] =>
  Object.entries(CHECKS).flatMap(([name, check]) => check(evidence).map((problem) => `${name}: ${problem}`));

type LogLine = Readonly<Record<string, unknown>>;

/**
 * AUDIT: one outcome per call with the decision it was given, no outcome without a call, and an intent before every
 * change that was made.
 * @param changing names of the tools that are not of risk read
 */
export function auditProblems(
  log: readonly LogLine[],
  calls: readonly AuditedCall[],
  changing: readonly string[],
): string[] {
  const records = log.filter(({ msg }) => msg === 'audit');
  const outcomes = records.filter(({ phase }) => phase === 'outcome');
  const found: string[] = [];
  for (const { what, callId, operation, decision } of calls) {
    if (callId === undefined) continue;
    const own = outcomes.filter((record) => record['callId'] === callId);
    if (own.length !== 1) found.push(`${what}: ${own.length} outcomes in the audit`);
    else if (own[0]!['decision'] !== decision || own[0]!['operation'] !== operation)
      found.push(
        `${what}: the audit says ${String(own[0]!['operation'])} ${String(own[0]!['decision'])}, expected ${operation} ${decision}`,
      );
    const intents = records.filter((record) => record['callId'] === callId && record['phase'] === 'intent').length;
    const wanted = changing.includes(operation ?? '') && decision === 'success' ? 1 : 0;
    if (intents < wanted || intents > 1) found.push(`${what}: ${intents} intents in the audit`);
  }
  return [...found, ...miscounted(outcomes, calls)];
}

/** Calls and outcomes as numbers per kind and decision: finds what has no id to be found by. */
function miscounted(outcomes: readonly LogLine[], calls: readonly AuditedCall[]): string[] {
  const count = (facts: readonly { kind?: unknown; decision?: unknown }[]): Map<string, number> => {
    const numbers = new Map<string, number>();
    for (const { kind, decision } of facts) {
      // A caller is told the same, whether no resource has the URI or the one that has it says so.
      const key = `${String(kind)} ${decision === 'protocol_error' ? 'unknown_operation' : String(decision)}`;
      numbers.set(key, (numbers.get(key) ?? 0) + 1);
    }
    return numbers;
  };
  const [seen, made] = [count(outcomes), count(calls)];
  return [...new Set([...seen.keys(), ...made.keys()])]
    .filter((key) => seen.get(key) !== made.get(key))
    .map((key) => `the audit has ${seen.get(key) ?? 0} times ${key}, and ${made.get(key) ?? 0} calls ended so`);
}
