import { z } from 'zod';
import { Ctx, Input, type InputRequest, ProtocolViolation, RichResult, ServerError, Tool, ToolCall } from '@app/mcp';
import { Toolset } from '@app/pipeline';
import { CONFORMANCE, fixture, pause, says } from './fixture.js';

const INTERNAL_ERROR = -32603;

const Greet = z.strictObject({ name: z.string().describe('Whom to greet') });
const Compute = z.strictObject({
  seconds: z.number().min(0).max(600).describe('How long to compute'),
  label: z.string().optional().describe('What to call it'),
});
const Delete = z.strictObject({ filename: z.string().describe('What would be deleted') });
const Confirm = z.object({ confirm: z.boolean() });
const Name = z.object({ name: z.string() });

/** Calls that run as tasks where the client knows tasks. */
@Toolset(CONFORMANCE)
export class TaskFixtures {
  @Tool(fixture('greet', 'Greets at once', { input: Greet }))
  greet(@Input() { name }: z.infer<typeof Greet>): RichResult {
    return says(`Hello, ${name}!`);
  }

  @Tool(fixture('slow_compute', 'Computes for some seconds', { input: Compute, task: 'optional' }))
  async slowCompute(@Input() { seconds, label }: z.infer<typeof Compute>, @Ctx() call: ToolCall): Promise<RichResult> {
    if (seconds > 0) await pause(seconds * 1_000, call);
    return says(`${label ?? 'It'} took ${seconds} s`);
  }

  @Tool(fixture('failing_job', 'Fails after a moment', { task: 'required' }))
  async failingJob(@Ctx() call: ToolCall): Promise<never> {
    await pause(100, call);
    throw new ServerError('CONFLICT', 'The job failed, as it always does');
  }

  @Tool(fixture('protocol_error_job', 'Ends with an error of the protocol', { task: 'optional' }))
  protocolErrorJob(): never {
    throw new ProtocolViolation('The job broke the protocol, as it always does', undefined, INTERNAL_ERROR);
  }

  @Tool(
    fixture('confirm_delete', 'Asks during its work whether to go on', {
      input: Delete,
      task: 'optional',
      asksClient: true,
    }),
  )
  confirmDelete(@Input() { filename }: z.infer<typeof Delete>, @Ctx() call: ToolCall): RichResult {
    call.handOff();
    const answer = call.elicit('confirm', { message: `Delete ${filename}?`, schema: Confirm });
    return says(answer.action === 'accept' && answer.content.confirm ? `Deleted ${filename}` : `Kept ${filename}`);
  }

  @Tool(fixture('multi_input', 'Asks two things at once during its work', { task: 'optional', asksClient: true }))
  multiInput(@Ctx() call: ToolCall): RichResult {
    call.handOff();
    const question = (message: string): InputRequest => ({
      kind: 'elicitation',
      message,
      schema: z.toJSONSchema(Name),
    });
    const isAccepted = (_key: string, answer: unknown): boolean => (answer as { action?: unknown }).action === 'accept';
    const answers = call.ask(
      { first: question('Who is the first?'), second: question('Who is the second?') },
      isAccepted,
    );
    return says(JSON.stringify(answers));
  }

  @Tool(
    fixture('test_tool_with_task', 'Asks for a name, then goes on as a task', { task: 'required', asksClient: true }),
  )
  async withTask(@Ctx() call: ToolCall): Promise<RichResult> {
    const answer = call.elicit('user_name', { message: 'What is your name?', schema: Name });
    call.handOff();
    await pause(100, call);
    return says(
      answer.action === 'accept' ? `The task of ${answer.content.name} is done` : `You chose to ${answer.action}`,
    );
  }
}
