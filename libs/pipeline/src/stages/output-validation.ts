import { RichResult } from '@app/mcp';
import type { Operation } from '../registry/operation.js';

/**
 * Stage `validate output`: what does not fit the published schema is a defect of the tool, never sent. It throws a
 * plain error, so that the caller reads INTERNAL and the log has the reason.
 */
export function checkOutput(operation: Pick<Operation, 'name' | 'output'>, result: unknown): unknown {
  if (operation.output === undefined) return result;
  const rich = result instanceof RichResult;
  const parsed = operation.output.safeParse(rich ? result.structured : result);
  if (!parsed.success)
    throw new Error(`${operation.name} returned output that does not fit its schema`, { cause: parsed.error });
  return rich ? new RichResult(result.content, parsed.data) : parsed.data;
}
