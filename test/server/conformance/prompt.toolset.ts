import { z } from 'zod';
import { type CompletionQuery, type Content, Ctx, Input, Prompt, type PromptMessage, text, ToolCall } from '@app/mcp';
import { Toolset } from '@app/pipeline';
import { CONFORMANCE, PNG } from './fixture.js';

const Arguments = z.strictObject({ arg1: z.string().describe('First'), arg2: z.string().describe('Second') });
const Embedded = z.strictObject({ resourceUri: z.string().describe('URI of the resource to embed') });
const Context = z.object({ context: z.string() });

const user = (content: Content): PromptMessage => ({ role: 'user', content });

@Toolset(CONFORMANCE)
export class PromptFixtures {
  @Prompt({ name: 'test_simple_prompt', title: 'Simple', description: 'A prompt without arguments' })
  simple(): PromptMessage[] {
    return [user(text('This is a simple prompt for testing.'))];
  }

  @Prompt({
    name: 'test_prompt_with_arguments',
    title: 'With arguments',
    description: 'A prompt with two arguments',
    args: Arguments,
    complete: { arg1: 'completeFirst' },
  })
  withArguments(@Input() { arg1, arg2 }: z.infer<typeof Arguments>): PromptMessage[] {
    return [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))];
  }

  completeFirst({ value }: CompletionQuery): string[] {
    return ['paris', 'park', 'party', 'test'].filter((word) => word.startsWith(value));
  }

  @Prompt({
    name: 'test_prompt_with_embedded_resource',
    title: 'With a resource',
    description: 'A prompt that embeds a resource',
    args: Embedded,
  })
  withResource(@Input() { resourceUri }: z.infer<typeof Embedded>): PromptMessage[] {
    const resource = { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' };
    return [user({ type: 'resource', resource }), user(text('Please process the embedded resource above.'))];
  }

  @Prompt({ name: 'test_prompt_with_image', title: 'With an image', description: 'A prompt with an image' })
  withImage(): PromptMessage[] {
    return [user({ type: 'image', data: PNG, mimeType: 'image/png' }), user(text('Please analyze the image above.'))];
  }

  @Prompt({
    name: 'test_input_required_result_prompt',
    title: 'Asks first',
    description: 'A prompt that asks the user for its context',
    asksClient: true,
  })
  asksFirst(@Ctx() call: ToolCall): PromptMessage[] {
    const answer = call.elicit('user_context', { message: 'What context should the prompt use?', schema: Context });
    return [user(text(answer.action === 'accept' ? `Use this context: ${answer.content.context}` : 'Use no context.'))];
  }
}
