import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@app/resources';
import type { AuditRow } from '../chain/chained-record.js';
import type { SigningKey } from '../chain/signing-key.js';
import { InstanceLock } from '../journal/instance-lock.js';
import { isGenuine, readLine } from '../journal/journal-line.js';
import { Segment } from '../journal/segment.js';
import type { AuditTable } from './audit-table.js';
import type { DurableAuditSettings } from './durable-audit.settings.js';

/** Lines that are not genuine, held in memory. */
const MAX_SUSPECTS = 1_000;
const JOURNAL = /^([0-9a-f-]{36})\.\d+\.journal$/u;

/** What was found of an instance whose process ended without closing its journal. */
export interface Recovered {
  readonly instance: string;
  /** Lines found; they may have been stored before. */
  readonly records: number;
  /** Lines at the very end that were not written whole: nobody had been told that they were. */
  readonly tornLines: number;
  /** Lines before the end that cannot be read: something changed the journal. Their files are kept. */
  readonly damagedLines: number;
}

/** Ships the journals of dead instances and closes their chains. */
export class Leftovers {
  /** Bytes of such journals that are not shipped yet. */
  bytes = 0;
  private instances: string[] = [];

  constructor(
    private readonly folder: string,
    private readonly ownInstance: string,
    private readonly table: AuditTable,
    private readonly key: SigningKey,
    private readonly settings: DurableAuditSettings,
    private readonly now: () => number,
    private readonly onRecovered: (recovered: Recovered) => void,
  ) {}

  /** Looks for them. */
  async find(): Promise<void> {
    const names = (await readdir(this.folder)).flatMap((name) => JOURNAL.exec(name)?.[1] ?? []);
    const others = new Set(names.filter((name) => name !== this.ownInstance));
    for (const instance of others) {
      if (this.instances.includes(instance)) continue;
      if (await InstanceLock.isHeld(this.folder, instance)) continue;
      this.instances.push(instance);
      for (const segment of await this.segmentsOf(instance)) {
        this.bytes += segment.written;
        await segment.close();
      }
    }
  }

  /**
   * Another process may do the same at the same time: every step can be taken twice.
   * @param goOn throws when there is no time left
   */
  async ship(goOn: () => void): Promise<void> {
    for (let instance = this.instances[0]; instance !== undefined; instance = this.instances[0]) {
      const recovered = await this.shipOne(instance, goOn);
      this.instances.shift();
      if (this.instances.length === 0) this.bytes = 0;
      this.onRecovered(recovered);
    }
  }

  private async shipOne(instance: string, goOn: () => void): Promise<Recovered> {
    const segments = await this.segmentsOf(instance);
    const shipment = new Shipment(this.table, this.settings);
    try {
      for (const segment of segments) await shipment.add(segment, goOn);
      const { last, records, suspectLines: tornLines, damagedLines } = shipment;
      if (last !== undefined) {
        const { seq, hash } = last;
        await this.table.store([], this.key.sign({ instance, seq, kind: 'end', at: Math.trunc(this.now()), hash }));
      }
      for (const segment of segments) await (damagedLines === 0 ? segment.remove() : setAside(segment));
      await InstanceLock.clear(this.folder, instance);
      return { instance, records, tornLines, damagedLines };
    } finally {
      for (const segment of segments) await segment.close();
    }
  }

  private async segmentsOf(instance: string): Promise<Segment[]> {
    const names = (await readdir(this.folder)).filter((name) => JOURNAL.exec(name)?.[1] === instance).sort();
    const segments: Segment[] = [];
    for (const name of names)
      try {
        segments.push(await Segment.reopen(join(this.folder, name)));
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') continue;
        for (const segment of segments) await segment.close();
        throw error;
      }
    return segments;
  }
}

/** The lines of one dead instance on their way to the table. */
class Shipment {
  records = 0;
  damagedLines = 0;
  /** Lines that are not whole, after the last one that is. */
  suspectLines = 0;
  last?: AuditRow;
  private readonly suspects: AuditRow[] = [];

  constructor(
    private readonly table: AuditTable,
    private readonly settings: DurableAuditSettings,
  ) {}

  async add(segment: Segment, goOn: () => void): Promise<void> {
    for (;;) {
      goOn();
      const next = await segment.next(this.settings.shipBytes);
      if (next === undefined) return;
      const records = next.lines.flatMap((line) => this.take(line));
      await this.table.store(records);
      segment.stored += next.bytes;
    }
  }

  /**
   * What is not genuine is held back until something genuine follows it: then it is damage, and what can be read of it
   * is stored as it is, for verification to name. At the very end it was merely not written whole.
   */
  private take(line: string): readonly AuditRow[] {
    const record = readLine(line);
    if (record === undefined || !isGenuine(record)) {
      this.suspectLines++;
      if (record !== undefined && this.suspects.length < MAX_SUSPECTS) this.suspects.push(record);
      return [];
    }
    const taken = [...this.suspects.splice(0), record];
    this.damagedLines += this.suspectLines;
    this.suspectLines = 0;
    this.records += taken.length;
    this.last = record;
    return taken;
  }
}

async function setAside(segment: Segment): Promise<void> {
  await segment.close();
  await rename(segment.path, `${segment.path}.damaged`);
}
