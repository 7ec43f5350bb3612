/** Names of certificates as text (RFC 4514): for people to read, never to compare by. */

import { TypesError, bytesToHex, utf8Decode } from '@veritydb/types';

import { SEQUENCE, SET, type DerElement, readAll, readDer, readInside } from './der.ts';

/** RFC 4514 §3, and those that authorities use besides. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.97', 'organizationIdentifier'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
]);
/** UTF8String, PrintableString, IA5String. */
const TEXT_TAGS: ReadonlySet<number> = new Set([0x0c, 0x13, 0x16]);

/** @throws {MerkleError} ERR_MERKLE_DER */
export function nameText(name: Uint8Array): string {
  const parts = readDer(name, (reader) =>
    readAll(reader, SEQUENCE, (inner) =>
      readAll(inner, SET, (pair) =>
        readInside(pair, SEQUENCE, (one) => {
          const identifier = one.identifier();
          return `${TYPES.get(identifier) ?? identifier}=${valueText(one.any())}`;
        }),
      ).join('+'),
    ),
  );
  return parts.toReversed().join(',');
}

function valueText({ bytes, content, tag }: DerElement): string {
  if (TEXT_TAGS.has(tag)) {
    try {
      return escapeValue(utf8Decode(content));
    } catch (error) {
      if (!(error instanceof TypesError)) throw error;
    }
  }
  return `#${bytesToHex(bytes)}`;
}

/** RFC 4514 §2.4. */
function escapeValue(text: string): string {
  return text
    .replaceAll(/[\\",+;<>]/g, String.raw`\$&`)
    .replaceAll('\0', String.raw`\00`)
    .replace(/^[ #]/, String.raw`\$&`)
    .replace(/ $/, String.raw`\ `);
}
