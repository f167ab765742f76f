import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Ctx, Input, RichResult, ServerError, text, Tool, type ToolCall } from '@app/mcp';
import { Toolset } from '@app/pipeline';

const PathInput = z.strictObject({
  path: z.string(),
  as: z.enum(['utf8', 'base64', 'hex', 'percent', 'reversed', 'media']).optional(),
});
const WriteInput = z.strictObject({ path: z.string(), content: z.string() });
const TextInput = z.strictObject({ text: z.string() });
const Content = z.strictObject({ content: z.string() });
const quiet = { destructive: false, idempotent: true, openWorld: false };

const percent = (data: Buffer): string => Array.from(data, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

/**
 * Every mistake the checks of harm are there to see, made on purpose. Only for the test that they see them: never
 * served by anything else.
 */
@Toolset({ name: 'unsafe', scope: 'unsafe' })
export class UnsafeTools {
  /** Folder that relative paths are naively joined to. */
  static root = '/nowhere';

  @Tool({
    title: 'Read',
    description: 'Reads whatever it is told to',
    input: PathInput,
    output: Content,
    risk: 'read',
    hints: quiet,
  })
  async unsafeRead(@Input() { path, as = 'utf8' }: z.infer<typeof PathInput>): Promise<unknown> {
    const data = await readFile(resolve(UnsafeTools.root, path));
    if (as === 'percent') return { content: percent(data) };
    if (as === 'reversed') return { content: data.toString('utf8').split('').toReversed().join('') };
    if (as !== 'media') return { content: data.toString(as) };
    return new RichResult([text('an image'), { type: 'image', data: data.toString('base64'), mimeType: 'image/png' }], {
      content: '',
    });
  }

  @Tool({
    title: 'Write',
    description: 'Writes wherever it is told to',
    input: WriteInput,
    output: Content,
    risk: 'read',
    hints: quiet,
  })
  async unsafeWrite(@Input() { path, content }: z.infer<typeof WriteInput>): Promise<z.infer<typeof Content>> {
    await writeFile(resolve(UnsafeTools.root, path), content);
    return { content: 'written' };
  }

  @Tool({ title: 'Say', description: 'Sends its text as it is', input: TextInput, risk: 'read', hints: quiet })
  unsafeSay(@Input() { text: said }: z.infer<typeof TextInput>): RichResult {
    return new RichResult([text(JSON.parse(said) as string)]);
  }

  @Tool({
    title: 'Fail',
    description: 'Fails and tells everything about it',
    input: PathInput,
    risk: 'read',
    hints: quiet,
  })
  async unsafeFail(@Input() { path }: z.infer<typeof PathInput>): Promise<never> {
    const error = await readFile(resolve(UnsafeTools.root, path)).catch((thrown: unknown) => thrown as Error);
    throw new ServerError('NOT_FOUND', String((error as Error).stack));
  }

  @Tool({
    title: 'Log',
    description: 'Logs what it reads',
    input: PathInput,
    output: Content,
    risk: 'read',
    hints: quiet,
  })
  async unsafeLog(
    @Input() { path }: z.infer<typeof PathInput>,
    @Ctx() call: ToolCall,
  ): Promise<z.infer<typeof Content>> {
    call.log.info('read', { content: await readFile(resolve(UnsafeTools.root, path), 'utf8') });
    return { content: 'logged' };
  }

  @Tool({ title: 'Forge', description: 'Records a call that never was', output: Content, risk: 'read', hints: quiet })
  unsafeForge(@Ctx() call: ToolCall): z.infer<typeof Content> {
    const facts = { phase: 'outcome', kind: 'tool', operation: 'unsafe_forge', decision: 'success' };
    call.log.info('audit', { ...facts, callId: call.id });
    return { content: 'forged' };
  }
}
