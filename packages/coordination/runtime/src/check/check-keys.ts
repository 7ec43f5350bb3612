/** The key store as it lies on the disk: its header, each slot, and whether each live key unwraps. */

import { type Crypto, CryptoError } from '@veritydb/crypto';
import type { Disk } from '@veritydb/log';
import { type KeyId, type TenantId, VerityError, toKeyId } from '@veritydb/types';

import { RuntimeError } from '../error.ts';
import { SLOT_SIZE, decodeHeader, decodeSlot } from '../key-slot.ts';
import { KeyStore } from '../key-store.ts';
import type { MasterKeyProvider } from '../master-key.ts';
import type { Random } from '../random.ts';
import type { Report } from './report.ts';

export const KEYS_NAME = 'keys.vks';

/** `destroyed`: on purpose, so that what it sealed is erased. A key that is not listed never was. */
export type KeyStates = ReadonlyMap<KeyId, 'live' | 'destroyed'>;

export interface CheckedKeys {
  readonly states: KeyStates;
  /** Undefined where no key can be had: the master key is missing, or the file is damaged. */
  readonly store: KeyStore | undefined;
}

const REMEDY = 'put keys.vks back from a backup, and replay the tombstones made since';

/** Reads the slots of a key store's bytes; those behind the durable count may be torn. */
export function readKeyStates(bytes: Uint8Array, tenant: TenantId): KeyStates {
  const states = new Map<KeyId, 'live' | 'destroyed'>();
  const durable = decodeHeader(bytes, tenant);
  for (let id = 1; (id + 1) * SLOT_SIZE <= bytes.length; id += 1) {
    const slot = decodeSlot(bytes.slice(id * SLOT_SIZE, (id + 1) * SLOT_SIZE), id);
    if (slot === undefined) {
      if (id < durable) throw damagedSlot(id);
      break;
    }
    states.set(toKeyId(id), slot.live ? 'live' : 'destroyed');
  }
  if (states.size + 1 < durable) throw damagedSlot(states.size + 1);
  return states;
}

function damagedSlot(id: number): RuntimeError {
  return new RuntimeError(
    'verification',
    'ERR_RUNTIME_KEYS_CORRUPT',
    `key store: slot ${id} is damaged or missing, at byte ${id * SLOT_SIZE}`,
    { hint: REMEDY },
  );
}

export function readKeysFile(disk: Disk): Uint8Array {
  const file = disk.open(KEYS_NAME, 'existing');
  try {
    const bytes = new Uint8Array(file.size());
    file.readAt(bytes, 0);
    return bytes;
  } finally {
    file.close();
  }
}

export interface KeyCheckPorts {
  readonly crypto: Crypto;
  readonly random: Random;
  /** Opening a key store may write: this takes it. */
  readonly overlay: Disk;
  readonly masterKey: MasterKeyProvider;
  readonly tenant: TenantId;
}

export function checkKeys(disk: Disk, ports: KeyCheckPorts, report: Report): CheckedKeys {
  if (!disk.exists(KEYS_NAME)) {
    const what = 'the file is missing: nothing in the log can be opened';
    report.fault('keys', { ...faultAt(null), what });
    return { states: new Map(), store: undefined };
  }
  const bytes = readKeysFile(disk);
  let states: KeyStates;
  try {
    states = readKeyStates(bytes, ports.tenant);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    locateDamage(bytes, ports.tenant, error, report);
    return { states: new Map(), store: undefined };
  }
  const destroyed = [...states.values()].filter((state) => state === 'destroyed').length;
  const counts = `${states.size} keys, ${destroyed} of them destroyed`;
  const surplus = bytes.length - (states.size + 1) * SLOT_SIZE;
  if (surplus > 0) {
    const what = `${surplus} bytes behind the last whole slot: a key that no record needs, cut by the next open`;
    report.fault('keys', { ...faultAt(bytes.length - surplus), what }, true);
  }
  return { states, store: unwrapAll(ports, states, report, counts) };
}

/** Names every slot that is not whole, or the header where it is that. */
function locateDamage(
  bytes: Uint8Array,
  tenant: TenantId,
  error: RuntimeError,
  report: Report,
): void {
  try {
    decodeHeader(bytes, tenant);
  } catch {
    report.fault('keys', { ...faultAt(0), what: error.message });
  }
  for (let id = 1; (id + 1) * SLOT_SIZE <= bytes.length; id += 1) {
    const at = id * SLOT_SIZE;
    if (decodeSlot(bytes.slice(at, at + SLOT_SIZE), id) !== undefined) continue;
    report.fault('keys', { ...faultAt(at), what: `slot ${id} is damaged` });
  }
  if (!report.hasFailed('keys')) {
    report.fault('keys', { ...faultAt(bytes.length), what: 'slots are missing at its end' });
  }
}

function unwrapAll(
  ports: KeyCheckPorts,
  states: KeyStates,
  report: Report,
  counts: string,
): KeyStore | undefined {
  let store: KeyStore;
  try {
    store = KeyStore.open({ ...ports, disk: ports.overlay, name: KEYS_NAME });
  } catch (error) {
    if (!(error instanceof VerityError)) throw error;
    if (error.kind === 'unavailable') {
      report.skip('keys', `${counts}; not unwrapped: ${error.message}`);
    } else {
      const isMasterKey = error.code === 'ERR_RUNTIME_MASTER_KEY';
      const place = isMasterKey ? { file: 'master.key', position: null } : { position: SLOT_SIZE };
      const remedy = error.hint ?? REMEDY;
      report.fault('keys', { ...faultAt(null), ...place, what: error.message, remedy });
    }
    return undefined;
  }
  for (const [id, state] of states) {
    if (state === 'destroyed' || id === 1) continue;
    try {
      store.key(id);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      report.fault('keys', { ...faultAt(id * SLOT_SIZE), what: `key ${id} does not unwrap` });
    }
  }
  report.note('keys', `${counts}; all others unwrap`);
  return store;
}

function faultAt(position: number | null): {
  readonly file: string;
  readonly position: number | null;
  readonly offset: null;
  readonly remedy: string;
} {
  return { file: KEYS_NAME, position, offset: null, remedy: REMEDY };
}
