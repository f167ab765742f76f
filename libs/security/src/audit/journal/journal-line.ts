import {
  type AuditRow,
  chainHash,
  type ChainedRecord,
  columnsOf,
  personalHash,
  readFacts,
} from '../chain/chained-record.js';

const PATTERN = /^([0-9a-f]{64})\t([0-9a-f]{64})\t([^\t]+)\t([^\t]+)$/u;

/** One line of the journal: hash, hash before, facts, personal part. JSON text has no tab and no line break of its own. */
export const lineOf = ({ hash, prev, facts, personal }: ChainedRecord): string =>
  `${hash}\t${prev}\t${facts}\t${personal ?? ''}\n`;

/** @returns undefined where the line is not whole */
export function readLine(line: string): AuditRow | undefined {
  const [, hash, prev, text, personal] = PATTERN.exec(line) ?? [];
  const facts = text === undefined ? undefined : readFacts(text);
  if (facts === undefined) return undefined;
  const { instance, seq } = facts;
  return { ...columnsOf(facts), instance, seq, facts: text!, personal: personal!, prev: prev!, hash: hash! };
}

/** Whether a line says what it said when it was written. */
export const isGenuine = ({ prev, facts, personal, hash }: ChainedRecord): boolean =>
  chainHash(prev, facts) === hash && personalHash(personal ?? '') === readFacts(facts)?.personal;
