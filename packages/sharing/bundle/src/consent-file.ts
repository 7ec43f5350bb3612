/**
 * The decisions on consent behind an export: one line for each data subject whose row is in it, under a
 * name that is of this export alone, and the RFC 6962 root over the lines, which the manifest holds.
 *
 * Who did not consent is not in it: that somebody is missing, and how many are, would tell of them. All
 * decisions, those too, stand under another root in the access record, for an auditor.
 */

import type { Crypto } from '@veritydb/crypto';
import { leafHash, treeRoot } from '@veritydb/merkle';
import { type Hash, bytesToHex, canonicalJson, utf8Encode } from '@veritydb/types';

import type { ManifestConsent } from './manifest.ts';

/** Hexadecimal digits of a data subject's name. */
export const CONSENT_NAME: RegExp = /^[0-9a-f]{32}$/;

export interface ConsentFile {
  readonly bytes: Uint8Array;
  readonly summary: ManifestConsent;
}

/** @param subjects names in ascending order, each once */
export function buildConsent(crypto: Crypto, subjects: readonly string[]): ConsentFile {
  const lines = subjects.map((subject) =>
    canonicalJson({ permit: true, reason: 'given', subject }),
  );
  return {
    bytes: utf8Encode(lines.map((line) => `${line}\n`).join('')),
    summary: { permits: lines.length, root: bytesToHex(consentRoot(crypto, lines)) },
  };
}

function consentRoot(crypto: Crypto, lines: readonly string[]): Hash {
  return treeRoot(
    crypto,
    lines.map((line) => leafHash(crypto, utf8Encode(line))),
  );
}
