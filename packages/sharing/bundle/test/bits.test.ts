/** Every byte of a bundle counts: what a changed bit in it leads to. */

import { crc32 } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { describe, expect, it } from 'vitest';

import { type ByteSource, memorySource } from '../src/byte-source.ts';
import { checkConsistency } from '../src/checks/consistency.ts';
import { checkExportRecord } from '../src/checks/export-record.ts';
import { checkInclusion } from '../src/checks/inclusion.ts';
import { checkIntegrity } from '../src/checks/integrity.ts';
import { checkPolicy } from '../src/checks/policy.ts';
import { RecordMatch, readRows } from '../src/checks/rows.ts';
import { type SourceLeaves, readSourceLeaves } from '../src/checks/source-leaves.ts';
import {
  CHECKPOINT,
  CONSISTENCY,
  POLICY,
  README,
  RECORDS,
  dataName,
  disclosuresName,
} from '../src/entry-name.ts';
import { BundleError, type BundleErrorCode } from '../src/error.ts';
import type { Evidence } from '../src/evidence.ts';
import { parseManifest } from '../src/manifest-parse.ts';
import { parseBundle } from '../src/parse.ts';
import { FailureLog } from '../src/report.ts';
import { parseZip } from '../src/zip.ts';
import { exportPatients, flipped, refusalsOf, withEntry } from './export-fixture.ts';

const DATA = dataName('patients');
const DISCLOSURES = disclosuresName('patients');
const exported = exportPatients({ heldTreeSize: 3 });
const { bytes, log } = exported;
const held = log.checkpoint(3);

/** Each bit, for whom it is worth the time. */
const SLOW = (process.env['SLOW'] ?? '') !== '';
/** Below 8, so that no byte is left out; odd, so that each place in a byte has its turn. */
const STRIDE = SLOW ? 1 : 7;
/** For what is parsed, where bits of one byte may go different ways. */
const PARSED_STRIDE = SLOW ? 1 : 3;

/** Bits of the bytes, at least one of each. */
function* bitsOf(source: Uint8Array, stride: number): Generator<number> {
  for (let bit = 0; bit < source.length * 8; bit += stride) yield bit;
}

describe('bits', () => {
  const evidence: Evidence = { crypto: nativeCrypto, ...parseBundle(bytes) };
  const entryOf = (file: string): Uint8Array => {
    const source = evidence.entries.get(file)?.bytes as ByteSource;
    return source.read(0, source.size);
  };
  /** The evidence with another file, whose checksum is right. */
  const withChanged = (file: string, entry: Uint8Array): Evidence => ({
    ...evidence,
    entries: new Map(evidence.entries).set(file, {
      name: file,
      bytes: memorySource(entry),
      crc: crc32(entry),
    }),
  });
  const rowFailuresOf = (changed: Evidence): { failures: FailureLog; leaves: SourceLeaves } => {
    const failures = new FailureLog();
    const match = new RecordMatch(changed, readRows(changed, failures), failures);
    const leaves = readSourceLeaves(changed, (leaf) => {
      match.visit(leaf);
    });
    match.end();
    return { failures, leaves };
  };

  it('refuses a bit in each byte of the zip: the zip as a whole, or the entry by its name', () => {
    const spans = parseZip(bytes).map(({ name, bytes: { byteOffset, length } }) => {
      const start = byteOffset - bytes.byteOffset;
      return { name, start, end: start + length };
    });
    for (const bit of bitsOf(bytes, STRIDE)) {
      const at = bit >> 3;
      const copy = flipped(bytes, bit);
      const hit = spans.find(({ start, end }) => start <= at && at < end);
      if (hit === undefined) {
        expect(() => parseZip(copy), `bit ${bit}`).toThrow(BundleError);
      } else {
        const damaged = parseZip(copy).filter((entry) => entry.damaged);
        expect(damaged.map(({ name }) => name)).toEqual([hit.name]);
      }
    }
  });

  it('refuses every cut', () => {
    for (let size = 0; size < bytes.length; size += 1) {
      expect(() => parseZip(bytes.subarray(0, size)), `size ${size}`).toThrow(BundleError);
    }
  });

  it('refuses a bit in each byte of the checkpoint', () => {
    const entry = entryOf(CHECKPOINT);
    for (const bit of bitsOf(entry, STRIDE)) {
      const changed = withEntry(bytes, CHECKPOINT, () => flipped(entry, bit));
      expect(refusalsOf({ log, bytes: changed }, held), `bit ${bit}`).not.toEqual({});
    }
  });

  it('refuses bits in each byte of the consistency proof', () => {
    const entry = entryOf(CONSISTENCY);
    const trusted = { checkpoint: held, verifierKey: log.verifierKey };
    for (const bit of bitsOf(entry, PARSED_STRIDE)) {
      const changed = withChanged(CONSISTENCY, flipped(entry, bit));
      expect(() => checkConsistency(changed, trusted), `bit ${bit}`).toThrow(BundleError);
    }
  });

  it('refuses a bit in each byte of the manifest', () => {
    for (const bit of bitsOf(evidence.manifestBytes, STRIDE)) {
      const manifestBytes = flipped(evidence.manifestBytes, bit);
      const verify = (): unknown => {
        const manifest = parseManifest(manifestBytes);
        return checkExportRecord({ ...evidence, manifest, manifestBytes });
      };
      expect(verify, `bit ${bit}`).toThrow(BundleError);
    }
  });

  it.each([
    ['proofs/export.json', checkExportRecord],
    ['proofs/export.tlog-proof', checkExportRecord],
    ['proofs/policy.json', checkPolicy],
    ['proofs/policy.tlog-proof', checkPolicy],
  ])('refuses bits in each byte of %s', (file, check) => {
    const entry = entryOf(file);
    for (const bit of bitsOf(entry, PARSED_STRIDE)) {
      const changed = withChanged(file, flipped(entry, bit));
      expect(() => check(changed), `bit ${bit}`).toThrow(BundleError);
    }
  });

  it('refuses bits in each byte of the source records', () => {
    const entry = entryOf(RECORDS);
    for (const bit of bitsOf(entry, PARSED_STRIDE)) {
      const changed = withChanged(RECORDS, flipped(entry, bit));
      const verify = (): void => {
        const { failures, leaves } = rowFailuresOf(changed);
        if (failures.count === 0) checkInclusion(changed, leaves);
        else throw new BundleError(failures.first[0]?.code as BundleErrorCode, 'rows');
      };
      expect(verify, `bit ${bit}`).toThrow(BundleError);
    }
  });

  it.each([README, POLICY, DATA, DISCLOSURES])('refuses a bit in each byte of %s', (file) => {
    const entry = entryOf(file);
    for (const bit of bitsOf(entry, STRIDE)) {
      const failures = new FailureLog();
      checkIntegrity(withChanged(file, flipped(entry, bit)), failures);
      expect(failures.first.map(({ code }) => code)).toEqual(['ERR_BUNDLE_DIGEST']);
    }
  });

  it('refuses a bit in each byte of the disclosures by commitments alone', () => {
    const entry = entryOf(DISCLOSURES);
    for (const bit of bitsOf(entry, STRIDE)) {
      const changed = withChanged(DISCLOSURES, flipped(entry, bit));
      expect(rowFailuresOf(changed).failures.count, `bit ${bit}`).toBeGreaterThan(0);
    }
  });
});
