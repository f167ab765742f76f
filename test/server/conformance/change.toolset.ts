import { ChangeEvents, RichResult, Tool } from '@app/mcp';
import { Toolset } from '@app/pipeline';
import { CONFORMANCE, fixture, says } from './fixture.js';

/** Makes the server tell its subscribers of changes. */
@Toolset(CONFORMANCE)
export class ChangeFixtures {
  constructor(private readonly events: ChangeEvents) {}

  @Tool(fixture('test_trigger_tool_change', 'Tells subscribers that the tools have changed'))
  tools(): RichResult {
    this.events.publish({ kind: 'tools_list_changed' });
    return says('Told');
  }

  @Tool(fixture('test_trigger_prompt_change', 'Tells subscribers that the prompts have changed'))
  prompts(): RichResult {
    this.events.publish({ kind: 'prompts_list_changed' });
    return says('Told');
  }
}
