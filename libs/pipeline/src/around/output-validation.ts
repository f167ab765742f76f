import { RichResult } from '@app/mcp';
import type { Subject } from '../call/subject.js';

/** @throws Error, a plain one, so that the caller reads INTERNAL and the log has the reason. */
export function checkOutput({ name, output }: Pick<Subject, 'name' | 'output'>, result: unknown): unknown {
  if (output === undefined) return result;
  const rich = result instanceof RichResult;
  const parsed = output.safeParse(rich ? result.structured : result);
  if (!parsed.success) throw new Error(`${name} returned output that does not fit its schema`, { cause: parsed.error });
  return rich ? new RichResult(result.content, parsed.data) : parsed.data;
}
