import { type Content, Ctx, RichResult, ServerError, text, Tool, ToolCall } from '@app/mcp';
import { Toolset } from '@app/pipeline';
import { CONFORMANCE, fixture, pause, PNG, says, WAV } from './fixture.js';

const PAUSE_MS = 50;
const IMAGE: Content = { type: 'image', data: PNG, mimeType: 'image/png' };

/** Every kind of content, an error, progress and log messages. */
@Toolset(CONFORMANCE)
export class ContentFixtures {
  @Tool(fixture('test_simple_text', 'Returns one text'))
  simpleText(): RichResult {
    return says('This is a simple text response for testing.');
  }

  @Tool(fixture('test_image_content', 'Returns one image'))
  image(): RichResult {
    return new RichResult([IMAGE]);
  }

  @Tool(fixture('test_audio_content', 'Returns one sound'))
  audio(): RichResult {
    return new RichResult([{ type: 'audio', data: WAV, mimeType: 'audio/wav' }]);
  }

  @Tool(fixture('test_embedded_resource', 'Returns one embedded resource'))
  embedded(): RichResult {
    const resource = {
      uri: 'test://embedded-resource',
      mimeType: 'text/plain',
      text: 'This is an embedded resource content.',
    };
    return new RichResult([{ type: 'resource', resource }]);
  }

  @Tool(fixture('test_multiple_content_types', 'Returns a text, an image and a resource'))
  mixed(): RichResult {
    const json = JSON.stringify({ test: 'data', value: 123 });
    const resource = { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: json };
    return new RichResult([text('Multiple content types test:'), IMAGE, { type: 'resource', resource }]);
  }

  @Tool(fixture('test_error_handling', 'Always fails'))
  failure(): never {
    throw new ServerError('CONFLICT', 'This tool intentionally returns an error for testing');
  }

  @Tool(fixture('test_tool_with_progress', 'Reports progress three times'))
  async progress(@Ctx() call: ToolCall): Promise<RichResult> {
    for (const done of [0, 50, 100]) {
      if (done > 0) await pause(PAUSE_MS, call);
      call.client.progress(done, 100, `Completed step ${done} of 100`);
    }
    return says('Done');
  }

  @Tool(fixture('test_tool_with_logging', 'Sends three log messages'))
  async logging(@Ctx() call: ToolCall): Promise<RichResult> {
    for (const message of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      call.client.log('info', message);
      await pause(PAUSE_MS, call);
    }
    return says('Logged');
  }

  @Tool(fixture('test_logging_tool', 'Sends a log message to clients that asked for them'))
  loggingOnRequest(@Ctx() call: ToolCall): RichResult {
    call.client.log('info', 'Only for clients that asked');
    return says('Logged where asked for');
  }

  @Tool(fixture('test_reconnection', 'Works for a moment'))
  async reconnection(@Ctx() call: ToolCall): Promise<RichResult> {
    await pause(PAUSE_MS, call);
    return says('Reconnection test completed');
  }

  @Tool(fixture('test_streaming_elicitation', 'Answers without asking anything'))
  streaming(): RichResult {
    return says('Nothing was asked');
  }
}
