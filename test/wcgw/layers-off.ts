import { existsSync } from 'node:fs';
import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { FileTree, OpenFile, type ResolvedPath } from '@app/resources';
import { PathRules } from '@app/security';
import { InputValidationGuard } from '../../libs/pipeline/src/gates/input-validation.guard.js';
import { OpenDirectory } from '../../libs/resources/src/files/open-directory.js';
import { HotLane } from '../../libs/transport/src/http/hot-lane.js';
import { McpEndpoint } from '../../libs/transport/src/http/mcp-endpoint.js';

/** A layer is taken away while the server runs. @returns puts it back */
type SwitchOff = () => () => void;
type Json = Record<string, unknown>;

/** Puts methods in the place of those of a class. */
const without =
  (owner: { readonly prototype: object }, methods: Readonly<Record<string, unknown>>): SwitchOff =>
  () => {
    const kept = Object.keys(methods).map((name) => {
      const own = Object.getOwnPropertyDescriptor(owner.prototype, name);
      if (own === undefined) throw new Error(`there is no ${name} to take away`);
      return [name, own] as const;
    });
    for (const [name, value] of Object.entries(methods))
      Object.defineProperty(owner.prototype, name, { value, configurable: true, writable: true });
    return () => {
      for (const [name, own] of kept) Object.defineProperty(owner.prototype, name, own);
    };
  };

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface Lanes {
  readonly hot: HotLane;
  readonly modern: { serve(...given: unknown[]): Promise<void> };
  readonly sessions: { serve(...given: unknown[]): Promise<void> };
  refusedByHeaders(req: IncomingMessage, res: ServerResponse): boolean;
  isModern(req: IncomingMessage, body: object): boolean;
}
const FACTS = { principal: { subject: 'local', tenant: 'local', scopes: ['*'], actors: [] } };

/** Any body of any size, read as JavaScript reads JSON. */
async function serveAnything(this: Lanes, req: IncomingMessage, res: ServerResponse): Promise<void> {
  if (this.refusedByHeaders(req, res)) return;
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json;
  if (this.hot.serve(req.headers, message, res, FACTS)) return;
  await (this.isModern(req, message) ? this.modern : this.sessions).serve(req, res, FACTS, message);
}

/** Whatever is sent is a call of the tool it names. */
function recogniseAnything(_headers: unknown, { id, params }: Json): object {
  const { name, arguments: input, _meta: meta } = isObject(params) ? params : {};
  return { id: id ?? null, tool: { name: String(name) }, input, meta: isObject(meta) ? meta : {} };
}

/** The files of a workspace as a server has them that never thought of links. */
const simpleTree = {
  async resolve(this: FileTree, path: string): Promise<ResolvedPath> {
    const at = join(this.rootPath, path);
    const canonical = path === '.' ? '' : path;
    if (!existsSync(at)) return { canonical, exists: false };
    return { canonical, exists: true, kind: (await stat(at)).isDirectory() ? 'directory' : 'file' };
  },
  async openFile(this: FileTree, path: string): Promise<OpenFile> {
    const handle = await open(join(this.rootPath, path));
    return new OpenFile(path, handle, await handle.stat());
  },
  openDirectory(this: FileTree, path: string): Promise<OpenDirectory> {
    return OpenDirectory.openRoot(join(this.rootPath, path), true);
  },
  async replaceFile(this: FileTree, { canonical }: ResolvedPath, data: Uint8Array): Promise<void> {
    await writeFile(join(this.rootPath, canonical), data);
  },
  async createFile(this: FileTree, { canonical }: ResolvedPath, data: Uint8Array): Promise<void> {
    await mkdir(dirname(join(this.rootPath, canonical)), { recursive: true });
    await writeFile(join(this.rootPath, canonical), data);
  },
};

/** What stands between a request and a tool's work, from the outside in. */
export const LAYERS_OFF: Readonly<Record<string, SwitchOff>> = {
  'the limits of the transport and strict JSON': without(McpEndpoint, { serve: serveAnything }),
  'the protocol schema': without(HotLane, { recognise: recogniseAnything }),
  "the tool's schema": without(InputValidationGuard, { check: () => undefined }),
  'the path rules': without(PathRules, { check: () => undefined }),
  'the file tree': without(FileTree, simpleTree),
};

/** The bounds the tools themselves hold, so large that they hold nothing. */
export const NO_TOOL_LIMITS = {
  pathChars: 1e9,
  nameBytes: 1e9,
  globChars: 1e9,
  globStars: 1e9,
  globAlternatives: 1e4,
  writeBytes: 1e9,
  editFileBytes: 1e9,
  readTextBytes: 1e9,
} as const;
