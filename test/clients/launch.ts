import { tmpdir } from 'node:os';
import { PRODUCT } from '../support/server-process.js';
import { WORKSPACE } from './walkthrough.js';

/** How a client starts the product on stdio, with every toolset. */
export function stdioLaunch(workspace: string): { command: string; args: string[]; env: Record<string, string> } {
  return {
    command: process.execPath,
    args: [PRODUCT, '--stdio', '--workspace', `${WORKSPACE}=${workspace}`],
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), TOOLSETS: 'all' },
  };
}
