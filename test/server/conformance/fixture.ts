import { setTimeout as wait } from 'node:timers/promises';
import { RichResult, text, type ToolCall, type ToolOptions } from '@app/mcp';

/** What all fixture tools are: harmless, and in the toolset of their own. */
export const HARMLESS = { risk: 'read', hints: { destructive: false, idempotent: true, openWorld: false } } as const;
export const CONFORMANCE = { name: 'conformance', scope: 'conformance' } as const;

/** Options of a fixture whose name the suite prescribes. */
export const fixture = (name: string, description: string, more: Partial<ToolOptions> = {}): ToolOptions => ({
  name,
  title: name,
  description,
  ...HARMLESS,
  ...more,
});

export const says = (value: string): RichResult => new RichResult([text(value)]);

export const pause = (ms: number, call: ToolCall): Promise<void> => wait(ms, undefined, { signal: call.signal });

/** One red pixel. */
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';
/** One silent sample, 8 kHz mono. */
export const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQIAAAAAAA==';
