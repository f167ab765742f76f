import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { ToolDefinition } from '@app/pipeline';
import { modernRequest, post } from '../support/mcp-messages.js';
import type { AuditedCall, Reply } from './evidence.js';

/** Holds structured content against the output schema its tool publishes, as a client would. */
export class SchemaJudge {
  private readonly validators: ReadonlyMap<string, ValidateFunction>;

  constructor(readonly definitions: readonly ToolDefinition[]) {
    const ajv = new Ajv2020({ strict: true });
    this.validators = new Map(
      definitions.flatMap(({ name, outputSchema }) =>
        outputSchema === undefined ? [] : [[name, ajv.compile(outputSchema)] as const],
      ),
    );
  }

  static async of(url: string): Promise<SchemaJudge> {
    const { headers, body } = modernRequest('tools/list');
    const { message } = await post(url, body, headers);
    return new SchemaJudge(message.result!['tools'] as ToolDefinition[]);
  }

  /** What asking for the definitions leaves in the audit. */
  readonly call: AuditedCall = { what: 'tools/list', kind: 'list', decision: 'success' };

  problemsOf({ tool = '', message }: Reply): string[] {
    const result = message?.result;
    const validate = this.validators.get(tool);
    if (result === undefined || result.isError === true || validate === undefined) return [];
    if (result.structuredContent === undefined)
      return [`${tool} publishes an output schema and sent no structured content`];
    return validate(result.structuredContent)
      ? []
      : [`${tool} sent what its schema does not allow: ${JSON.stringify(validate.errors)}`];
  }

  /** Tools that say of themselves that they change something. */
  get changing(): string[] {
    return this.definitions.filter(({ annotations }) => !annotations.readOnlyHint).map(({ name }) => name);
  }
}
