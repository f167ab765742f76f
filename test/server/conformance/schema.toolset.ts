import { z } from 'zod';
import { Input, RichResult, Tool } from '@app/mcp';
import { Toolset } from '@app/pipeline';
import { CONFORMANCE, fixture, says } from './fixture.js';

const Address = z.strictObject({ street: z.string().optional(), city: z.string().optional() });
const Contact = z
  .strictObject({
    name: z.string().optional(),
    address: Address.optional(),
    contactMethod: z.enum(['phone', 'email']).optional(),
    phone: z.string().optional(),
    email: z.string().optional(),
  })
  .refine(({ contactMethod, phone, email }) => (contactMethod === 'phone' ? phone : email) !== undefined);

/** Word for word what the suite wants to see in the list: words of JSON Schema 2020-12 that few libraries write. */
const PUBLISHED = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

const Region = z.strictObject({ region: z.string().describe('Where to go').meta({ 'x-mcp-header': 'Region' }) });

/** Published schemas with unusual words, and an argument that also travels as a header. */
@Toolset(CONFORMANCE)
export class SchemaFixtures {
  @Tool(fixture('json_schema_2020_12_tool', 'Takes a contact', { input: Contact, inputJsonSchema: PUBLISHED }))
  contact(@Input() contact: z.infer<typeof Contact>): RichResult {
    return says(`Contact by ${contact.contactMethod ?? 'email'}`);
  }

  @Tool(fixture('test_x_mcp_header', 'Takes an argument that is also sent as a header', { input: Region }))
  header(@Input() { region }: z.infer<typeof Region>): RichResult {
    return says(`Routed to ${region}`);
  }
}
