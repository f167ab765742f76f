// The official SDK's own handler with the same tool and no policy.
import { createServer } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';

const inputSchema = z.object({ text: z.string() });
const handle = toNodeHandler(
  createMcpHandler(() => {
    const server = new McpServer({ name: 'sdk', version: '0.0.0' });
    server.registerTool('echo', { description: 'Sends its text back', inputSchema }, ({ text }) => ({
      content: [{ type: 'text', text }],
    }));
    return server;
  }),
);
createServer((req, res) => void handle(req, res)).listen(Number(process.env.PORT), '127.0.0.1');
