/** The in-toto statement of a bundle, which the log's key signs: what it says, and that it cannot lie. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { describe, expect, it } from 'vitest';

import { memorySource } from '../src/byte-source.ts';
import { STATEMENT } from '../src/entry-name.ts';
import { BundleError } from '../src/error.ts';
import { parseBundle } from '../src/parse.ts';
import { checkStatement, statementOf } from '../src/statement.ts';
import { type ZipMember, buildZip, parseZip } from '../src/zip.ts';
import {
  exportPatients,
  failuresOf,
  flipped,
  refusalsOf,
  verifyWith,
  withEntry,
} from './export-fixture.ts';
import { SyntheticLog } from './synthetic-log.ts';

const exported = exportPatients();
const { bytes, content, log } = exported;
const entry = parseZip(bytes).find(({ name }) => name === STATEMENT)?.bytes as Uint8Array;
const envelope = JSON.parse(new TextDecoder().decode(entry)) as { payload: string };

describe('the statement', () => {
  it('is in-toto, Statement v1, of the manifest and its files', () => {
    const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as {
      subject: readonly { name: string; digest: { sha256: string } }[];
    };
    expect(statement).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://veritydb.dev/bundle/v1',
      predicate: { exportId: content.manifest.exportId, recipient: content.manifest.recipient },
    });
    const digests = parseZip(bytes).map(({ name, bytes: file }) => [
      name,
      Buffer.from(nativeCrypto.sha256(file)).toString('hex'),
    ]);
    const inZip = Object.fromEntries(digests) as Record<string, string>;
    expect(statement.subject.length).toBe(1 + content.manifest.files.length);
    for (const { name, digest } of statement.subject) expect(digest.sha256).toBe(inZip[name]);
  });

  it('may be left out: it says nothing more', () => {
    const without = buildZip(parseZip(bytes).filter(({ name }) => name !== STATEMENT));
    expect(failuresOf(verifyWith({ log, bytes: without }))).toEqual({});
  });

  it('counts with every bit of it', () => {
    const { entries, ...parsed } = parseBundle(bytes);
    const member = entries.get(STATEMENT) as ZipMember;
    const check = (changed: Uint8Array): void => {
      const changedEntries = new Map(entries);
      changedEntries.set(STATEMENT, { ...member, bytes: memorySource(changed) });
      checkStatement({ crypto: nativeCrypto, ...parsed, entries: changedEntries }, log.verifierKey);
    };
    check(entry);
    for (let bit = 0; bit < entry.length * 8; bit += 3) {
      expect(() => check(flipped(entry, bit)), `bit ${bit}`).toThrow(BundleError);
    }
  });

  it.each([
    [
      'of another manifest',
      (): string =>
        log.envelope(
          statementOf(nativeCrypto, { ...content.manifest, purpose: 'x' }, content.manifestBytes),
        ),
    ],
    [
      'of another kind',
      (): string =>
        log.envelope({
          ...statementOf(nativeCrypto, content.manifest, content.manifestBytes),
          payloadType: 'application/json',
        }),
    ],
    [
      'by another key',
      (): string =>
        new SyntheticLog('log.example/tenant-7', 77).envelope(
          statementOf(nativeCrypto, content.manifest, content.manifestBytes),
        ),
    ],
  ])('%s is refused', (_what, made) => {
    const lie = withEntry(bytes, STATEMENT, () => new TextEncoder().encode(made()));
    expect(refusalsOf({ log, bytes: lie })).toEqual({ 'export record': ['ERR_BUNDLE_SIGNATURE'] });
  });
});
