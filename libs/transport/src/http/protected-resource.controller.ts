import { Controller, Get, Header, NotFoundException, Req } from '@nestjs/common';
import { METADATA_PATH, ProtectedResource, type ResourceMetadata } from './protected-resource.js';

/** Where clients learn who issues tokens for this server (RFC 9728); the root form and the one with a path. */
@Controller(METADATA_PATH)
export class ProtectedResourceController {
  constructor(private readonly resource: ProtectedResource) {}

  /** Public, and the same for everybody: a page of any origin may read it. */
  @Get(['', '*'])
  @Header('access-control-allow-origin', '*')
  @Header('cache-control', 'max-age=3600')
  metadata(@Req() request: { readonly url: string }): ResourceMetadata {
    const [path] = request.url.split('?');
    const metadata = this.resource.knows(path!) ? this.resource.metadata() : undefined;
    if (metadata === undefined) throw new NotFoundException();
    return metadata;
  }
}
