import { Module } from '@nestjs/common';
import { ServerIdentity } from '@app/mcp';
import { TransportModule } from '@app/transport';
import { AdminThrottleGuard } from './admin-throttle.guard.js';
import { AdminGuard } from './admin.guard.js';
import { ApprovalsController } from './approvals.controller.js';
import { AuditController } from './audit.controller.js';
import { KeysController } from './keys.controller.js';
import { OpenApi, OpenApiController } from './open-api.js';
import { PolicyController } from './policy.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { TokensController } from './tokens.controller.js';

/** What operators do over HTTP, under `/admin`. */
@Module({
  imports: [TransportModule],
  controllers: [
    ApprovalsController,
    AuditController,
    KeysController,
    OpenApiController,
    PolicyController,
    TokensController,
  ],
  providers: [
    AdminGuard,
    AdminThrottleGuard,
    ProblemFilter,
    { provide: OpenApi, useFactory: (identity: ServerIdentity) => new OpenApi(identity), inject: [ServerIdentity] },
  ],
  exports: [OpenApi],
})
export class AdminModule {}
