import { join } from 'node:path';
import { syncFolder } from './create-once.js';
import { Segment, type Lines } from './segment.js';

export const segmentName = (instance: string, number: number): string =>
  `${instance}.${String(number).padStart(6, '0')}.journal`;

/**
 * The write-ahead file of one instance, in segments: a whole segment goes once all of its lines are stored. The last
 * line written is always in it, so that whoever finds the journal knows where the chain had come to.
 */
export class Journal {
  private readonly segments: Segment[] = [];
  private count = 0;

  /** @param segmentBytes a segment that has so many gets no more */
  constructor(
    private readonly folder: string,
    private readonly instance: string,
    private readonly segmentBytes: number,
  ) {}

  /** Bytes written that are not stored. */
  get backlogBytes(): number {
    return this.segments.reduce((sum, { written, stored }) => sum + written - stored, 0);
  }

  /** One at a time. Whole lines; whole or not at all. @throws what the file system throws */
  async append(lines: Uint8Array, syncs: boolean): Promise<void> {
    const segment = await this.current(syncs);
    await segment.append(lines, syncs);
  }

  /** The oldest lines that are not stored. */
  async next(maxBytes: number): Promise<Lines | undefined> {
    for (const segment of this.segments) {
      const lines = await segment.next(maxBytes);
      if (lines !== undefined) return lines;
    }
    return undefined;
  }

  /** What {@link next} gave is stored. */
  async moveOn({ bytes }: Lines): Promise<void> {
    const segment = this.segments.find(({ written, stored }) => stored < written);
    if (segment !== undefined) segment.stored += bytes;
    while (this.segments.length > 1 && isDone(this.segments[0]!) && this.segments.at(-1)!.written > 0)
      await this.segments.shift()!.remove();
  }

  /** The next line goes to a new file, so that the one so far can go. */
  turnOver(): void {
    this.mustTurn = true;
  }
  private mustTurn = false;

  /** Files that are stored go, the others stay for whoever starts next. */
  async close(): Promise<void> {
    const isStored = this.segments.every(isDone);
    for (const segment of this.segments.splice(0)) await (isStored ? segment.remove() : segment.close());
  }

  private async current(syncs: boolean): Promise<Segment> {
    const last = this.segments.at(-1);
    const isFull = last !== undefined && last.written > 0 && (this.mustTurn || last.written >= this.segmentBytes);
    if (last !== undefined && !isFull) return last;
    const segment = await Segment.create(join(this.folder, segmentName(this.instance, this.count + 1)));
    this.count++;
    this.mustTurn = false;
    this.segments.push(segment);
    if (syncs) await syncFolder(this.folder);
    return segment;
  }
}

const isDone = ({ written, stored }: Segment): boolean => stored === written;
