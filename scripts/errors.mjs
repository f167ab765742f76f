// node scripts/errors.mjs: writes docs/errors.md out of the table of codes. Needs no build: Node takes the types away.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const { CODES } = await import('../libs/mcp/src/error-code.ts');
const { errorsDocument } = await import('../test/wcgw/errors-document.ts');
writeFileSync(join(root, 'docs/errors.md'), errorsDocument(CODES));
