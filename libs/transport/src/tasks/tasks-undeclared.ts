import { MissingRequiredClientCapabilityError } from '@modelcontextprotocol/server';
import { TASKS_EXTENSION } from '../protocol/capabilities.js';

/** What a client is told that needs tasks and has not declared that it knows them. */
export const tasksUndeclared = (): MissingRequiredClientCapabilityError =>
  new MissingRequiredClientCapabilityError({ requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } } });
