/**
 * A tenant's folder checked from its bytes alone: everything is derived again, nothing is believed,
 * nothing is written. What the engine itself does when it opens a folder runs over an overlay.
 */

import type { Crypto } from '@veritydb/crypto';
import {
  type Disk,
  type InspectedRecord,
  Log,
  type LogEnd,
  type LogFault,
  inspectLog,
  listSegments,
} from '@veritydb/log';
import { type Checkpoint, MerkleTree } from '@veritydb/merkle';
import { type TenantId, VerityError, bytesEqual, bytesToHex } from '@veritydb/types';

import type { Clock } from '../clock.ts';
import type { KeyStore } from '../key-store.ts';
import type { MasterKeyProvider } from '../master-key.ts';
import { memoryDisk } from '../memory-disk.ts';
import type { Random } from '../random.ts';
import { RowKeys } from '../seal.ts';
import { type CheckedKeys, checkKeys } from './check-keys.ts';
import { RecordCheck, type RecoveryFound, SEGMENT_REMEDY } from './check-records.ts';
import { checkStore } from './check-store.ts';
import { overlayDisk } from './overlay-disk.ts';
import { type CheckLine, type CheckName, Report } from './report.ts';

export interface TenantCheckOptions {
  readonly tenant: TenantId;
  /** The folder of a tenant that is not open. */
  readonly disk: Disk;
  /** An empty folder: takes what the engine would write, and a store built anew. */
  readonly scratch: Disk;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly random: Random;
  readonly masterKey: MasterKeyProvider;
  /** One that somebody holds, its signature verified. */
  readonly checkpoint?: Checkpoint;
  /** Bytes of the log that have been read, and that there are. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface TenantCheck {
  readonly tenant: TenantId;
  readonly records: number;
  /** Root of the tree over all records, hexadecimal. */
  readonly root: string;
  readonly lines: readonly CheckLine[];
  readonly recoveries: readonly RecoveryFound[];
  /** Nothing that was looked at failed. */
  readonly isSound: boolean;
}

/** Questions that need keys. */
const SEALED: readonly CheckName[] = ['seals', 'events', 'commitments'];
/** Questions on whose answers the tree, and all that rests on it, depends. */
const LOG: readonly CheckName[] = [
  'superblock',
  'segments',
  'checksums',
  'payload-digests',
  'places',
  'chain',
  'timestamps',
  'generations',
  'end',
];

export function checkTenant(options: TenantCheckOptions): TenantCheck {
  const { crypto, disk, scratch, tenant } = options;
  const report = new Report();
  const overlay = overlayDisk(disk, scratch);
  const keys = checkKeys(disk, { ...options, overlay: overlayDisk(disk, memoryDisk()) }, report);
  try {
    const rowKeys = openRowKeys(crypto, keys.store);
    const records = new RecordCheck({ crypto, report }, keys.states, rowKeys);
    const tree = new MerkleTree(crypto);
    readLog(options, report, (record) => {
      tree.append(record.leafHash);
      records.check(record);
    });
    noteRecords(records, rowKeys, report);
    noteTree(tree, options.checkpoint, report);
    const isRestored = records.recoveries.some(({ reason }) => reason === 'manual-intervention');
    checkView({ ...options, overlay, isRestored }, keys, rowKeys, report);
    return {
      tenant,
      records: tree.size,
      root: bytesToHex(tree.root()),
      lines: report.lines(),
      recoveries: records.recoveries,
      isSound: report.lines().every(({ verdict }) => verdict !== 'failed'),
    };
  } finally {
    keys.store?.close();
  }
}

function openRowKeys(crypto: Crypto, keys: KeyStore | undefined): RowKeys | undefined {
  if (keys === undefined) return undefined;
  try {
    return new RowKeys(crypto, keys);
  } catch (error) {
    // One of the keys does not unwrap, which has been told with its place.
    if (error instanceof VerityError) return undefined;
    throw error;
  }
}

function readLog(
  options: TenantCheckOptions,
  report: Report,
  onRecord: (record: InspectedRecord) => void,
): LogEnd {
  const { crypto, disk, onProgress, tenant } = options;
  const total = sizeOfLog(disk);
  const walk = inspectLog({
    crypto,
    disk,
    tenant,
    onFault: (fault) => {
      report.fault(fault.check, { ...fault, remedy: remedyOf(fault) }, fault.isHarmless);
    },
    onProgress: (bytes) => onProgress?.(bytes, total),
  });
  let step = walk.next();
  for (; step.done !== true; step = walk.next()) onRecord(step.value);
  const { recordCount, superblock } = step.value;
  report.note('superblock', describeSuperblock(superblock));
  report.note('segments', `${listSegments(disk).length} files, ${total} bytes`);
  for (const check of LOG.slice(2, 8)) report.note(check, `${recordCount} records`);
  report.note('end', `record ${recordCount - 1} is the last`);
  return step.value;
}

function describeSuperblock(state: LogEnd['superblock']): string {
  if (state === undefined) return 'no copy can be used';
  return `generation ${state.generation}, ${state.mode}, ${state.segmentCount} segments, log ${bytesToHex(state.identity)}`;
}

function sizeOfLog(disk: Disk): number {
  return listSegments(disk).reduce((sum, name) => {
    const file = disk.open(name, 'existing');
    const size = file.size();
    file.close();
    return sum + size;
  }, 0);
}

function remedyOf({ check, isHarmless }: LogFault): string {
  if (isHarmless) return 'nothing needs to be done: the next open mends it';
  return check === 'superblock'
    ? 'restore from a backup: without a superblock the log does not open'
    : SEGMENT_REMEDY;
}

function noteRecords(records: RecordCheck, rowKeys: RowKeys | undefined, report: Report): void {
  const { checkpoints, erased, opened, rows } = records.counts;
  report.note('checkpoint-records', `${checkpoints} checkpoint records`);
  report.note('recoveries', `${records.recoveries.length} recoveries`);
  if (rowKeys === undefined) {
    for (const check of SEALED) report.skip(check, 'no keys can be had: see keys');
    return;
  }
  report.note('seals', `${opened} payloads; ${erased} rows are erased, their keys destroyed`);
  report.note('events', `${opened} events`);
  report.note('commitments', `${rows} rows`);
}

function noteTree(tree: MerkleTree, checkpoint: Checkpoint | undefined, report: Report): void {
  if (report.hasFailed(...LOG)) {
    report.skip('tree', `${tree.size} records can be read; some of them, or others, are damaged`);
  } else {
    report.note('tree', `${tree.size} records, root ${bytesToHex(tree.root())}`);
  }
  if (checkpoint === undefined) {
    report.skip(
      'signed-checkpoint',
      'none was given: an older copy of the whole folder looks sound',
    );
    return;
  }
  const { root, size } = checkpoint;
  const place = { file: 'log', position: null, offset: null };
  const remedy =
    'keep the checkpoint: with its signature it proves that this is not the log that was signed; restore a newer backup';
  if (size > tree.size) {
    const what = `the log is truncated: it holds ${tree.size} records, and ${size} were signed`;
    report.fault('signed-checkpoint', { ...place, what, remedy });
  } else if (!bytesEqual(tree.root(size), root)) {
    const what = `the log was rewritten: its first ${size} records are not those that were signed`;
    report.fault('signed-checkpoint', { ...place, what, remedy });
  } else {
    report.note('signed-checkpoint', `the log begins with the ${size} records that were signed`);
  }
}

function checkView(
  options: TenantCheckOptions & { readonly overlay: Disk; readonly isRestored: boolean },
  keys: CheckedKeys,
  rowKeys: RowKeys | undefined,
  report: Report,
): void {
  const skip = (why: string): void => {
    for (const check of ['state-roots', 'store', 'state'] as const) report.skip(check, why);
  };
  if (report.hasFailed(...LOG, ...SEALED, 'keys')) {
    skip('the log or the keys are damaged: there is nothing to compare with');
    return;
  }
  if (keys.store === undefined || rowKeys === undefined) {
    skip('no keys can be had: see keys');
    return;
  }
  try {
    const log = openLog(options);
    try {
      checkStore({ ...options, keys: keys.store, rowKeys, log }, report);
    } finally {
      log.close();
    }
  } catch (error) {
    if (!(error instanceof VerityError)) throw error;
    const what = `the engine refuses what the checks let pass: ${error.code}: ${error.message}`;
    report.fault('state', {
      file: 'log',
      position: null,
      offset: null,
      what,
      remedy: SEGMENT_REMEDY,
    });
  }
}

function openLog(options: TenantCheckOptions & { readonly overlay: Disk }): Log {
  const { clock, crypto, overlay: disk, random, tenant } = options;
  return Log.open({ disk, crypto, tenant, now: clock.now(), identity: () => random.bytes(16) });
}
