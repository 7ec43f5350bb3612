/**
 * Whose rows left, findable by who asks about one data subject and by nobody else: 8 bytes of an HMAC for
 * each, under a key of the audit. Two subjects in 2^32 records or so may share one; none is ever missed.
 */

import type { Tenant } from '@veritydb/runtime';
import { type TableSchema, type Value, bytesToHex, concatBytes, utf8Encode } from '@veritydb/types';

export const SUBJECT_INDEX_SIZE = 8;
const LABEL = utf8Encode('veritydb subject index v1 ');

/** @param subject the data subject's pseudonym in this tenant */
export function subjectIndexMac(tenant: Tenant, subject: Uint8Array): Uint8Array {
  const mac = tenant.crypto.hmacSha256(tenant.keyFor('audit'), concatBytes(LABEL, subject));
  return mac.subarray(0, SUBJECT_INDEX_SIZE);
}

/** The data subjects of rows, each once, sorted; null where the table is about nobody. */
export function indexSubjects(
  tenant: Tenant,
  { definition, subjectIndex }: TableSchema,
  subjects: Iterable<Value>,
): Uint8Array | null {
  const column = subjectIndex === null ? undefined : definition.columns[subjectIndex];
  if (subjectIndex === null || column === undefined) return null;
  const values = new Set(subjects);
  values.delete(null);
  // As numbers, big-endian, they stand in the order of their bytes.
  const macs = new BigUint64Array(values.size);
  let count = 0;
  for (const value of values) {
    const mac = subjectIndexMac(tenant, tenant.pseudonym(column.type, value));
    macs[count] = new DataView(mac.buffer, mac.byteOffset).getBigUint64(0);
    count += 1;
  }
  macs.sort();
  const index = new Uint8Array(count * SUBJECT_INDEX_SIZE);
  const view = new DataView(index.buffer);
  for (const [at, mac] of macs.entries()) view.setBigUint64(at * SUBJECT_INDEX_SIZE, mac);
  return index;
}

/** Whether an index holds a data subject, whatever type its tables give its id. */
export function hasSubject(index: Uint8Array, macs: readonly Uint8Array[]): boolean {
  const wanted = new Set(macs.map(bytesToHex));
  for (let at = 0; at < index.length; at += SUBJECT_INDEX_SIZE) {
    if (wanted.has(bytesToHex(index.subarray(at, at + SUBJECT_INDEX_SIZE)))) return true;
  }
  return false;
}
