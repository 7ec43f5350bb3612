/** The COSE receipt of a bundle's export record: it holds, may be left out, and cannot lie. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { bytesToHex } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { memorySource } from '../src/byte-source.ts';
import { RECEIPT } from '../src/entry-name.ts';
import { BundleError } from '../src/error.ts';
import { checkExportReceipt, verifyLogReceipt } from '../src/log-receipt.ts';
import { parseBundle } from '../src/parse.ts';
import { type ZipMember, buildZip, parseZip } from '../src/zip.ts';
import {
  exportPatients,
  failuresOf,
  flipped,
  refusalsOf,
  verifyWith,
  withEntry,
} from './export-fixture.ts';
import { SyntheticLog, type SyntheticRecord } from './synthetic-log.ts';

const { bytes, log, size } = exportPatients();
const receipt = parseZip(bytes).find(({ name }) => name === RECEIPT)?.bytes as Uint8Array;
const { leaf } = log.records[size - 1] as SyntheticRecord;
const verified = verifyLogReceipt(nativeCrypto, { leaf, receipt }, log.verifierKey);

describe('the receipt of the export record', () => {
  it('says where the record stands, and in which tree', () => {
    const { header, origin, root } = verified;
    expect([origin, header.offset, verified.size]).toEqual([log.origin, size - 1, size]);
    expect(bytesToHex(root)).toBe(bytesToHex(log.tree.root(size)));
  });

  it('may be left out: it says nothing more', () => {
    const without = buildZip(parseZip(bytes).filter(({ name }) => name !== RECEIPT));
    expect(failuresOf(verifyWith({ log, bytes: without }))).toEqual({});
  });

  it('counts with every bit of it', () => {
    const { entries, ...parsed } = parseBundle(bytes);
    const member = entries.get(RECEIPT) as ZipMember;
    const check = (changed: Uint8Array): void => {
      const changedEntries = new Map(entries);
      changedEntries.set(RECEIPT, { ...member, bytes: memorySource(changed) });
      const evidence = { crypto: nativeCrypto, ...parsed, entries: changedEntries };
      checkExportReceipt(evidence, verified.header, log.verifierKey);
    };
    check(receipt);
    for (let bit = 0; bit < receipt.length * 8; bit += 3) {
      expect(() => check(flipped(receipt, bit)), `bit ${bit}`).toThrow(BundleError);
    }
  });

  const grown = exportPatients();
  grown.log.append([]);
  it.each([
    ['of another record', log.receipt(0, size)],
    ['of a later tree', grown.log.receipt(size - 1, size + 1)],
    ['by another key', strangersReceipt()],
    ['of nothing', new Uint8Array()],
  ])('%s is refused', (_what, made) => {
    const lie = withEntry(bytes, RECEIPT, () => made);
    expect(refusalsOf({ log, bytes: lie })).toEqual({ 'export record': ['ERR_BUNDLE_INCLUSION'] });
  });
});

function strangersReceipt(): Uint8Array {
  const stranger = new SyntheticLog(log.origin, 77);
  for (let count = 0; count < size; count += 1) stranger.append([]);
  return stranger.receipt(size - 1, size);
}
