import { z } from 'zod';
import { Ctx, type InputAnswers, type InputRequest, type InputRequests, RichResult, Tool, ToolCall } from '@app/mcp';
import { Toolset } from '@app/pipeline';
import { CONFORMANCE, fixture, says } from './fixture.js';

const Name = z.object({ name: z.string() });
const Color = z.object({ color: z.string() });
const Confirm = z.object({ ok: z.boolean() });

const ask = (what: string, maxTokens = 100): InputRequest => ({
  kind: 'sampling',
  params: { messages: [{ role: 'user', content: { type: 'text', text: what } }], maxTokens },
});
const NAME: InputRequest = { kind: 'elicitation', message: 'What is your name?', schema: z.toJSONSchema(Name) };
const GREETING = ask('Generate a greeting', 50);
const ROOTS: InputRequest = { kind: 'roots' };

const isAnswer = (_key: string, answer: unknown): boolean => typeof answer === 'object' && answer !== null;
const asked = (name: string, description: string) =>
  fixture(`test_input_required_result_${name}`, description, { asksClient: true });

/** Calls of several rounds: asked, answered, asked again. */
@Toolset(CONFORMANCE)
export class InputRequiredFixtures {
  @Tool({ ...asked('elicitation', 'Asks the user for a name, then greets'), takesUnaskedAnswers: true })
  elicitation(@Ctx() call: ToolCall): RichResult {
    const answer = call.elicit('user_name', { message: 'What is your name?', schema: Name });
    return says(answer.action === 'accept' ? `Hello, ${answer.content.name}!` : `You chose to ${answer.action}`);
  }

  @Tool(asked('sampling', 'Asks the model of the client a question'))
  sampling(@Ctx() call: ToolCall): RichResult {
    const answers = call.ask({ capital_question: ask('What is the capital of France?') }, isAnswer);
    return says(`The model says: ${textOf(answers['capital_question'])}`);
  }

  @Tool(asked('list_roots', 'Asks the client for its roots'))
  roots(@Ctx() call: ToolCall): RichResult {
    const { client_roots: found } = call.ask({ client_roots: ROOTS }, isAnswer);
    return says(`The client has these roots: ${JSON.stringify((found as { roots?: unknown }).roots ?? [])}`);
  }

  @Tool(asked('request_state', 'Asks for a confirmation and remembers that it did'))
  requestState(@Ctx() call: ToolCall): RichResult {
    const question: InputRequest = { kind: 'elicitation', message: 'Please confirm', schema: z.toJSONSchema(Confirm) };
    call.ask({ confirm: question }, isAnswer, 'asked');
    return says(call.previousState() === 'asked' ? 'state-ok' : 'the state is missing');
  }

  @Tool(asked('multiple_inputs', 'Asks three things at once'))
  multiple(@Ctx() call: ToolCall): RichResult {
    const answers = call.ask({ user_name: NAME, greeting: GREETING, client_roots: ROOTS }, isAnswer);
    return says(`${textOf(answers['greeting'])} Three questions are answered: ${JSON.stringify(Object.keys(answers))}`);
  }

  @Tool(asked('multi_round', 'Asks one thing after the other'))
  multiRound(@Ctx() call: ToolCall): RichResult {
    const first = call.elicit('step1', { message: 'Step 1: What is your name?', schema: Name });
    const second = call.elicit('step2', { message: 'Step 2: What is your favorite color?', schema: Color });
    if (first.action !== 'accept' || second.action !== 'accept') return says('Stopped');
    return says(`${first.content.name} likes ${second.content.color}`);
  }

  @Tool(asked('tampered_state', 'Asks for a confirmation whose state nobody may change'))
  tamperedState(@Ctx() call: ToolCall): RichResult {
    const { action } = call.elicit('confirm', { message: 'Please confirm', schema: Confirm });
    return says(`Confirmation: ${action}`);
  }

  @Tool(asked('capabilities', 'Asks only what the client can answer'))
  capabilities(@Ctx() call: ToolCall): RichResult {
    const all: InputRequests = { user_name: NAME, greeting: GREETING, client_roots: ROOTS };
    const possible = Object.fromEntries(Object.entries(all).filter(([, { kind }]) => call.canAsk(kind)));
    const answers: InputAnswers = call.ask(possible, isAnswer);
    return says(`Answered: ${Object.keys(answers).join(', ') || 'nothing'}`);
  }
}

const textOf = (answer: unknown): string => (answer as { content?: { text?: string } }).content?.text ?? '';
