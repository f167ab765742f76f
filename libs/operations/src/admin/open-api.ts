import type { INestApplication } from '@nestjs/common';
import { Controller, Get, UseFilters, UseGuards } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { ServerIdentity } from '@app/mcp';
import { AdminGuard } from './admin.guard.js';
import { ProblemFilter } from './problem.filter.js';

/** The admin API described by OpenAPI, made of the routes as they are served. */
export class OpenApi {
  private made?: OpenAPIObject;

  constructor(private readonly identity: ServerIdentity) {}

  /** @param app with its routes, before it listens */
  describe(app: INestApplication): void {
    const { title, version } = this.identity;
    const info = new DocumentBuilder().setTitle(`${title}: admin API`).setVersion(version).addBearerAuth().build();
    const all = SwaggerModule.createDocument(app, info);
    const paths = Object.fromEntries(Object.entries(all.paths).filter(([path]) => path.startsWith('/admin/')));
    this.made = { ...all, paths };
  }

  /** @throws Error before the application was described */
  get document(): OpenAPIObject {
    if (this.made === undefined) throw new Error('the admin API was not described');
    return this.made;
  }
}

@Controller('admin')
@UseGuards(AdminGuard)
@UseFilters(ProblemFilter)
export class OpenApiController {
  constructor(private readonly openApi: OpenApi) {}

  @Get('openapi.json')
  document(): OpenAPIObject {
    return this.openApi.document;
  }
}
