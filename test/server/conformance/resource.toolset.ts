import { Input, Resource, type ResourceContents } from '@app/mcp';
import { Toolset } from '@app/pipeline';
import { CONFORMANCE, PNG } from './fixture.js';

@Toolset(CONFORMANCE)
export class ResourceFixtures {
  @Resource({
    uri: 'test://static-text',
    name: 'static-text',
    description: 'A text that never changes',
    mimeType: 'text/plain',
  })
  text(): ResourceContents {
    return {
      uri: 'test://static-text',
      mimeType: 'text/plain',
      text: 'This is the content of the static text resource.',
    };
  }

  @Resource({
    uri: 'test://static-binary',
    name: 'static-binary',
    description: 'An image that never changes',
    mimeType: 'image/png',
  })
  binary(): ResourceContents {
    return { uri: 'test://static-binary', mimeType: 'image/png', blob: PNG };
  }

  @Resource({
    uri: 'test://watched-resource',
    name: 'watched-resource',
    description: 'A text to subscribe to',
    mimeType: 'text/plain',
  })
  watched(): ResourceContents {
    return { uri: 'test://watched-resource', mimeType: 'text/plain', text: 'Watched resource content' };
  }

  @Resource({
    uri: 'test://template/{id}/data',
    name: 'template',
    description: 'Data for any id',
    mimeType: 'application/json',
  })
  template(@Input() { id }: { id: string }): ResourceContents {
    const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { uri: `test://template/${encodeURIComponent(id)}/data`, mimeType: 'application/json', text: data };
  }
}
