import type { CodeTraits, Fault, Recovery } from '@app/mcp';

// Read by `scripts/errors.mjs` as it stands here: nothing but types is imported, and every type can be taken away.

const FAULTS: Readonly<Record<Fault, string>> = {
  caller: 'the caller',
  dependency: 'a dependency: a breaker counts it',
  platform: 'the server or its state',
  defect: 'a defect',
};
const RECOVERIES: Readonly<Record<Recovery, string>> = {
  'change the call': 'change the call',
  'read again': 'read the state again, then call',
  'retry later': 'the same call later',
  confirm: 'confirm it',
  'ask the operator': 'ask the operator',
  'none needed': 'nothing',
};

const INTRODUCTION = `# Errors

Made by \`node scripts/errors.mjs\` from \`libs/mcp/src/error-code.ts\`.

A call that fails is answered with a result, not with a protocol error: \`isError\` is true, the first block of content is
the text \`CODE: message\`, followed by \` Hint: …\` where there is one, and there is no \`structuredContent\`. For programs the
same stands in \`_meta["mcp-software-engineer/error"]\`:

| member | what it is |
| --- | --- |
| \`code\` | one of the codes below; the list is closed |
| \`retryable\` | whether the same call can succeed later without being changed |
| \`retry_after_ms\` | when, where it is known |
| \`hint\` | what to do about it, where there is something |
| \`call_id\` | names the call in the log and in the audit |

Resources, prompts and lists have no result to carry an error in: the same members are the \`data\` of a JSON-RPC error.
An unknown tool and a malformed request are JSON-RPC errors too (-32602).

A message never has a stack, a path of the machine or the text of an inner error: these are in the log, under the call's
id. INTERNAL tells nothing of what went wrong inside.

The retry column is what holds unless a call says otherwise: a TIMEOUT of a call that changes something is not retryable.
The last column is the HTTP status of a refusal at the edge, before there is a call; a call that failed is a 200.
`;

/** `docs/errors.md`, byte for byte. */
export function errorsDocument(codes: Readonly<Record<string, CodeTraits>>): string {
  const rows = Object.entries(codes).map(
    ([code, { when, fault, recovery, retryable, edgeStatus }]) =>
      `| ${code} | ${when} | ${FAULTS[fault]} | ${RECOVERIES[recovery]} | ${retryable ? 'yes' : 'no'} | ${edgeStatus ?? ''} |`,
  );
  const head =
    '| code | when | whose fault | what helps | retry | at the edge |\n| --- | --- | --- | --- | --- | --- |';
  return `${INTRODUCTION}\n${head}\n${rows.join('\n')}\n`;
}
