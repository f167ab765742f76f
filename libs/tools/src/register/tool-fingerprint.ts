import { hash } from 'node:crypto';
import type { ToolDefinition } from '@app/pipeline';
import { canonicalJson } from './canonical-json.js';

/** SHA-256, in hexadecimal, of the definition as a client gets it in `tools/list`, in the form of RFC 8785. */
export const toolFingerprint = (definition: ToolDefinition): string => hash('sha256', canonicalJson(definition));
