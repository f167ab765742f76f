import type { ToolDefinition } from '@app/pipeline';

/** A table of the tools with the bytes each costs a client, without and with its output schema. */
export function listTools(definitions: readonly ToolDefinition[]): string {
  const rows = definitions.map((definition) => {
    const { outputSchema: _output, ...charged } = definition;
    return {
      name: definition.name,
      bytes: byteLength(charged),
      whole: byteLength(definition),
      read: definition.annotations.readOnlyHint,
    };
  });
  const total = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  const whole = rows.reduce((sum, row) => sum + row.whole, 0);
  const lines = rows.map(
    ({ name, bytes, whole: all, read }) =>
      `${name.padEnd(24)} ${String(bytes).padStart(7)} ${String(all).padStart(7)}  ${read ? 'read' : 'write'}`,
  );
  return [
    `${'tool'.padEnd(24)} ${'bytes'.padStart(7)} ${'+output'.padStart(7)}  access`,
    ...lines,
    `${`${rows.length} tools`.padEnd(24)} ${String(total).padStart(7)} ${String(whole).padStart(7)}`,
  ].join('\n');
}

const byteLength = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const START = '<!-- tools -->';
const END = '<!-- /tools -->';

/** The document with its table of tools renewed; the table stands between two markers. @throws Error where they are missing. */
export function renewToolTable(document: string, definitions: readonly ToolDefinition[]): string {
  const [start, end] = [document.indexOf(START), document.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`The document has no ${START} and ${END}`);
  const rows = definitions.map(
    ({ name, description, annotations }) =>
      `| \`${name}\` | ${annotations.readOnlyHint ? 'reads' : 'changes'} | ${description} |`,
  );
  const table = ['| tool | | what it does |', '| --- | --- | --- |', ...rows].join('\n');
  return `${document.slice(0, start + START.length)}\n\n${table}\n\n${document.slice(end)}`;
}
