/** TSTInfo (RFC 3161 §2.4.2): what an authority says, and signs. */

import { type Timestamp, bytesToHex, toTimestamp } from '@veritydb/types';

import { MerkleError } from '../error.ts';
import { type AlgorithmIdentifier, readAlgorithm } from './algorithm.ts';
import { readExtensions } from './certificate.ts';
import {
  BOOLEAN,
  type DerReader,
  GENERALIZED_TIME,
  INTEGER,
  SEQUENCE,
  context,
  contextConstructed,
  readDer,
  readInside,
} from './der.ts';

export interface StampInfo {
  /** Object identifier of the policy that the authority follows. */
  readonly policy: string;
  readonly imprint: { readonly algorithm: AlgorithmIdentifier; readonly digest: Uint8Array };
  /** Hexadecimal; unique for the authority. */
  readonly serial: string;
  readonly time: Timestamp;
  /** How far the time may be off either way; null where the authority does not say. */
  readonly accuracyMicroseconds: number | null;
  /** Whether stamps of this authority are in order of their times, whatever the accuracy. */
  readonly ordering: boolean;
  /** Without leading zeros. */
  readonly nonce: Uint8Array | null;
  /** GeneralName of the authority, as DER. */
  readonly authority: Uint8Array | null;
}

const VERSION = 1;
const UNITS_MAX = 999;
/** The last nanosecond that 64 bits hold. */
const TIME_MAX = 0xffff_ffff_ffff_ffffn;

/** @throws {MerkleError} ERR_MERKLE_DER, ERR_MERKLE_TIME_STAMP */
export function parseStampInfo(bytes: Uint8Array): StampInfo {
  return readDer(bytes, (outer) => readInside(outer, SEQUENCE, readStampInfo));
}

function readStampInfo(reader: DerReader): StampInfo {
  if (reader.small() !== VERSION) throw malformed('its version is not 1');
  const policy = reader.identifier();
  const imprint = readInside(reader, SEQUENCE, (inner) => ({
    algorithm: readAlgorithm(inner),
    digest: inner.octets(),
  }));
  const serial = bytesToHex(reader.unsigned());
  if (!reader.nextIs(GENERALIZED_TIME)) throw malformed('it has no time');
  const time = reader.time();
  if (time < 0n || time > TIME_MAX) throw malformed('its time is out of range');
  const accuracyMicroseconds = reader.nextIs(SEQUENCE)
    ? readInside(reader, SEQUENCE, readAccuracy)
    : null;
  const ordering = reader.nextIs(BOOLEAN) ? reader.boolean() : false;
  const nonce = reader.nextIs(INTEGER) ? reader.unsigned() : null;
  const authority = reader.nextIs(contextConstructed(0))
    ? readInside(reader, contextConstructed(0), (inner) => inner.any().bytes)
    : null;
  if (reader.nextIs(contextConstructed(1))) {
    const extensions = readExtensions(reader, contextConstructed(1));
    if ([...extensions.values()].some(({ critical }) => critical)) {
      throw malformed('it has a critical extension');
    }
  }
  return {
    policy,
    imprint,
    serial,
    time: toTimestamp(time),
    accuracyMicroseconds,
    ordering,
    nonce,
    authority,
  };
}

function readAccuracy(reader: DerReader): number {
  const seconds = reader.nextIs(INTEGER) ? reader.small() : 0;
  const [millis, micros] = [context(0), context(1)].map((tag) => {
    const count = reader.nextIs(tag) ? reader.small(tag) : 0;
    if (count > UNITS_MAX) throw malformed('its accuracy is out of range');
    return count;
  }) as [number, number];
  return seconds * 1_000_000 + millis * 1000 + micros;
}

function malformed(what: string): MerkleError {
  return new MerkleError('format', 'ERR_MERKLE_TIME_STAMP', `time stamp is refused: ${what}`, {
    hint: 'ask the authority for another; it must follow RFC 3161',
  });
}
