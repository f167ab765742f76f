import { z } from 'zod';
import { Ctx, Input, type InputRequest, RichResult, Tool, ToolCall } from '@app/mcp';
import { Toolset } from '@app/pipeline';
import { CONFORMANCE, fixture, says } from './fixture.js';

const Prompt = z.strictObject({ prompt: z.string().describe('What to ask the model of the client') });
const Message = z.strictObject({ message: z.string().describe('What to ask the user') });

const DEFAULTS = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'Name', default: 'John Doe' },
    age: { type: 'integer', description: 'Age in years', default: 30 },
    score: { type: 'number', description: 'Score', default: 95.5 },
    status: { type: 'string', description: 'Status', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', description: 'Whether it is verified', default: true },
  },
  required: [],
};

const TITLED = [1, 2, 3].map((number) => ({
  const: `value${number}`,
  title: ['First', 'Second', 'Third'][number - 1] + ' Option',
}));
const OPTIONS = ['option1', 'option2', 'option3'];
const ENUMS = {
  type: 'object',
  properties: {
    untitledSingle: { type: 'string', enum: OPTIONS },
    titledSingle: { type: 'string', oneOf: TITLED },
    legacyEnum: {
      type: 'string',
      enum: ['opt1', 'opt2', 'opt3'],
      enumNames: ['Option One', 'Option Two', 'Option Three'],
    },
    untitledMulti: { type: 'array', items: { type: 'string', enum: OPTIONS } },
    titledMulti: { type: 'array', items: { anyOf: TITLED } },
  },
  required: [],
};

const form = (message: string, schema: Record<string, unknown>): InputRequest => ({
  kind: 'elicitation',
  message,
  schema,
});
const isAnswer = (_key: string, answer: unknown): boolean => typeof answer === 'object' && answer !== null;

/** Questions to the user and to the client's model, asked by whatever way the client's era has for them. */
@Toolset(CONFORMANCE)
export class QuestionFixtures {
  @Tool(fixture('test_sampling', 'Asks the model of the client', { input: Prompt, asksClient: true }))
  sampling(@Input() { prompt }: z.infer<typeof Prompt>, @Ctx() call: ToolCall): RichResult {
    const params = { messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens: 100 };
    const { model } = call.ask({ model: { kind: 'sampling', params } }, isAnswer);
    const { content } = model as { content?: { text?: string } };
    return says(`LLM response: ${content?.text ?? 'none'}`);
  }

  @Tool(fixture('test_elicitation', 'Asks the user', { input: Message, asksClient: true }))
  elicitation(@Input() { message }: z.infer<typeof Message>, @Ctx() call: ToolCall): RichResult {
    const schema = z.object({ username: z.string().describe('Your name'), email: z.string().describe('Your address') });
    const { action, ...rest } = call.elicit('user', { message, schema });
    return says(`User response: action=${action}, content=${JSON.stringify('content' in rest ? rest.content : {})}`);
  }

  @Tool(fixture('test_elicitation_sep1034_defaults', 'Asks the user with defaults', { asksClient: true }))
  defaults(@Ctx() call: ToolCall): RichResult {
    return completed(call.ask({ form: form('Please review the values', DEFAULTS) }, isAnswer)['form']);
  }

  @Tool(fixture('test_elicitation_sep1330_enums', 'Asks the user to choose', { asksClient: true }))
  enums(@Ctx() call: ToolCall): RichResult {
    return completed(call.ask({ form: form('Please choose', ENUMS) }, isAnswer)['form']);
  }

  @Tool(fixture('test_missing_capability', 'Needs a client with a model', { asksClient: true }))
  missingCapability(@Ctx() call: ToolCall): RichResult {
    const params = { messages: [{ role: 'user', content: { type: 'text', text: 'Say hello' } }], maxTokens: 10 };
    call.ask({ model: { kind: 'sampling', params } }, isAnswer);
    return says('The model has answered');
  }
}

function completed(answer: unknown): RichResult {
  const { action, content } = answer as { action?: string; content?: unknown };
  return says(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
}
