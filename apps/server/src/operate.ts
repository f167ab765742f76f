import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConfigurationError, type Settings } from '@app/config';
import { type OperatorCommand, revocationDetails } from '@app/operations';
import {
  AnchorFiles,
  ApiKeys,
  Approvals,
  AuditErasure,
  auditFolder,
  exportAudit,
  queryAudit,
  RevokedTokens,
  SigningKey,
  SqlApprovalStore,
  verifyAudit,
} from '@app/security';
import { Kept, OPERATOR } from './kept.js';
import { shown, visible } from './shown-lines.js';

const OPERATOR_PRINCIPAL = { subject: OPERATOR, tenant: 'server', scopes: ['*'], actors: [] };

export interface Operated {
  /** Lines for stdout. */
  readonly lines: AsyncIterable<string> | Iterable<string>;
  /** What was asked for does not hold. */
  readonly isRefused?: boolean;
}

/** Takes the lines as they are made. */
export type TakeLines = (lines: AsyncIterable<string>) => Promise<void>;

/**
 * Does what an operator wants with what the server keeps, beside a server that may be running: what it changes, the
 * server sees within a second. Nothing new counts without a record of it.
 * @returns whether what was asked for holds
 */
export async function operate(settings: Settings, command: OperatorCommand, take: TakeLines): Promise<boolean> {
  await using kept = new Kept(settings);
  const { lines, isRefused = false } = await run(settings, command, kept);
  await take(visibleLines(lines));
  return !isRefused;
}

async function* visibleLines(lines: Operated['lines']): AsyncGenerator<string> {
  for await (const line of lines) yield visible(line);
}

async function run({ storage }: Settings, command: OperatorCommand, kept: Kept): Promise<Operated> {
  const { database } = kept;
  switch (command.kind) {
    case 'keys-create':
    case 'keys-list':
    case 'keys-rotate':
    case 'keys-revoke':
      return operateKeys(command, kept);
    case 'tokens-revoke': {
      const { id, forMs } = command;
      await kept.record({ operation: 'token_revoked', details: revocationDetails(id, forMs) });
      await new RevokedTokens(await kept.store()).revoke(id, forMs);
      return { lines: ['The token is revoked.'] };
    }
    case 'audit-verify':
      return verify(auditFolder(storage.dataDir), command, kept);
    case 'audit-query': {
      const { records, cursor } = await queryAudit(database, command.query);
      if (cursor !== undefined) process.stderr.write('There is more; narrow the question, or use audit export.\n');
      return { lines: records.map((record) => shown(record, true)) };
    }
    case 'audit-export':
      return { lines: exportAudit(database, command.query) };
    case 'audit-erase': {
      const { tenant, subject } = command;
      const count = await new AuditErasure(database, await kept.audit()).erase({ tenant, subject }, OPERATOR_PRINCIPAL);
      return { lines: [`${count} records have nothing personal any more.`] };
    }
    case 'approvals-list': {
      const approvals = new Approvals(new SqlApprovalStore(database), kept.events);
      return { lines: (await approvals.list('operator', {})).map((plan) => shown(plan, command.json)) };
    }
    case 'approvals-decide': {
      const approvals = new Approvals(new SqlApprovalStore(database), kept.events);
      await approvals[command.approve ? 'approve' : 'deny'](command.id, 'operator');
      return { lines: [`${command.id} is ${command.approve ? 'approved' : 'denied'}.`] };
    }
  }
}

type KeysCommand = Extract<OperatorCommand, { readonly kind: `keys-${string}` }>;

/** The text of a key is all that stdout gets, so that it can go straight to where it is kept. */
async function operateKeys(command: KeysCommand, kept: Kept): Promise<Operated> {
  const keys = new ApiKeys(kept.database);
  switch (command.kind) {
    case 'keys-create': {
      const { kind: _kind, ...given } = command;
      // Where it cannot be recorded there is no key.
      await kept.audit();
      const { key, text } = await keys.create({ ...given, createdBy: OPERATOR });
      await orTakenBack(keys, key.id, () =>
        kept.record({ operation: 'key_created', details: { id: key.id, tenant: key.tenant } }),
      );
      process.stderr.write(`The key ${key.id} of ${visible(key.subject)}; it is shown this once:\n`);
      return { lines: [text] };
    }
    case 'keys-list':
      return { lines: (await keys.list(command.tenant)).map((key) => shown(key, command.json)) };
    case 'keys-rotate': {
      await kept.audit();
      const { key, text } = await keys.rotate(command.id, command.graceMs, OPERATOR);
      await orTakenBack(keys, key.id, () =>
        kept.record({ operation: 'key_rotated', details: { id: command.id, to: key.id } }),
      );
      process.stderr.write(`The key ${key.id} takes the place of ${command.id}; it is shown this once:\n`);
      return { lines: [text] };
    }
    case 'keys-revoke':
      await keys.revoke(command.id);
      await kept.record({ operation: 'key_revoked', details: { id: command.id } });
      return { lines: [`${command.id} is revoked.`] };
  }
}

async function orTakenBack(keys: ApiKeys, id: string, record: () => Promise<void>): Promise<void> {
  try {
    await record();
  } catch (error) {
    await keys.revoke(id);
    throw error;
  }
}

type VerifyCommand = Extract<OperatorCommand, { readonly kind: 'audit-verify' }>;

/** Says by which keys it was verified: who keeps them elsewhere sees when they are others. */
async function verify(folder: string, { publicKeys: files, json }: VerifyCommand, kept: Kept): Promise<Operated> {
  const own = await SigningKey.find(folder);
  const others = await Promise.all(files.map(async (file) => ({ file, publicKey: await readPublicKey(file) })));
  const keys = [...(own === undefined ? [] : [{ keyId: own.keyId, publicKey: own.publicKey }]), ...others];
  const verdict = await verifyAudit(kept.database, {
    publicKeys: keys.map(({ publicKey }) => publicKey),
    anchors: await new AnchorFiles(folder).read(),
  });
  const { instances, records, heads, findings, isCut } = verdict;
  const isRefused = findings.length > 0;
  if (json) return { lines: [JSON.stringify({ ...verdict, keys })], isRefused };
  const found = findings.map(({ what, instance, seq, untilSeq, callId, detail }) =>
    [what, instance, untilSeq === undefined ? seq : `${seq}-${untilSeq}`, callId ?? '', detail].join('\t'),
  );
  const end = isRefused ? `${findings.length}${isCut ? ' and more' : ''} findings` : 'all as they were recorded';
  return {
    lines: [
      ...found,
      `${records} records of ${instances} runs, ${heads} signed heads: ${end}`,
      ...(own === undefined
        ? []
        : [`verified by the key ${own.keyId} of this server:`, ...own.publicKey.trim().split('\n')]),
      ...files.map((file) => `verified by the key in ${file}`),
    ],
    isRefused,
  };
}

/** @throws ConfigurationError */
async function readPublicKey(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ConfigurationError([`--public-key ${file}: the file cannot be read (${error.code ?? 'unknown'})`]);
  });
  try {
    // Never as it was given: a private key would fit too, and what it was verified by is printed.
    return createPublicKey(text).export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    throw new ConfigurationError([`--public-key ${file}: no public key in PEM`]);
  }
}
