import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { ToolCall } from './tool-call.js';

/** The one argument every platform-owned execution context carries. */
export const callOf = (context: ExecutionContext): ToolCall => context.getArgByIndex<ToolCall>(0);

/** The validated arguments. */
export const Input = createParamDecorator((_data: unknown, context: ExecutionContext) => callOf(context).input);

/** The call: id, principal, deadline, signal, log, progress, questions to the client. */
export const Ctx = createParamDecorator((_data: unknown, context: ExecutionContext) => callOf(context).current);
