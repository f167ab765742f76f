import {
  applyDecorators,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  UseFilters,
  UseGuards,
  UsePipes,
  ValidationPipe,
} from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/mcp';
import { AdminGuard, type AdminRequest } from './admin.guard.js';
import { AdminThrottleGuard } from './admin-throttle.guard.js';
import { ProblemFilter } from './problem.filter.js';

/** A part of the admin API: who may, how often, what is refused and how it is told are the same for all of it. */
export const AdminController = (path: string): ClassDecorator =>
  applyDecorators(
    Controller(`admin/v1/${path}`),
    ApiTags(path),
    ApiBearerAuth(),
    UseGuards(AdminGuard, AdminThrottleGuard),
    UsePipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true })),
    UseFilters(ProblemFilter),
  );

/** Who asks, as the guard has found out. */
export const Operator = createParamDecorator(
  (_data: unknown, context: ExecutionContext): Principal => context.switchToHttp().getRequest<AdminRequest>().principal,
);
