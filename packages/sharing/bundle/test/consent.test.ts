/** Decisions on consent in a bundle: summed up by the manifest, told under names of one export. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { type JsonObject, canonicalJson } from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { buildConsent } from '../src/consent-file.ts';
import { CONSENT, MANIFEST } from '../src/entry-name.ts';
import { buildZip, parseZip } from '../src/zip.ts';
import {
  editText,
  exportPatients,
  failuresOf,
  refusalsOf,
  verifyWith,
  withEntry,
} from './export-fixture.ts';

const [ADA, BOB] = ['a1'.repeat(16), 'b2'.repeat(16)] as const;
const made = exportPatients({ input: { consent: [ADA, BOB] } });

function verdictOf(exported: typeof made): string | undefined {
  return verifyWith(exported).checks.find(({ check }) => check === 'consent')?.verdict;
}

describe('consent in a bundle', () => {
  it('is attested where it is, and not claimed where nobody was asked', () => {
    expect(failuresOf(verifyWith(made))).toEqual({});
    expect(verdictOf(made)).toBe('attested');
    expect(verdictOf(exportPatients())).toBe('not-claimed');
    const text = Buffer.from(
      parseZip(made.bytes).find(({ name }) => name === CONSENT)?.bytes ?? [],
    );
    expect(text.toString()).toBe(
      [ADA, BOB]
        .map((subject) => `{"permit":true,"reason":"given","subject":"${subject}"}\n`)
        .join(''),
    );
    expect(made.content.manifest.consent).toEqual(buildConsent(nativeCrypto, [ADA, BOB]).summary);
    expect(made.content.manifest.notProved.join(' ')).toContain('agreed');
  });

  it.each<[string, (text: string) => string]>([
    ['another name', (text) => text.replace(ADA, ADA.replaceAll('a1', 'a0'))],
    ['one less', (text) => text.slice(text.indexOf('\n') + 1)],
    ['one more', (text) => `${text}${text.slice(text.indexOf('\n') + 1).replaceAll('b2', 'c3')}`],
    ['one twice', (text) => text + text.slice(text.indexOf('\n') + 1)],
    [
      'another order',
      (text) =>
        text
          .trimEnd()
          .split('\n')
          .toReversed()
          .map((line) => `${line}\n`)
          .join(''),
    ],
    ['a refusal', (text) => text.replace('true', 'false')],
    ['another reason', (text) => text.replace('given', 'taken')],
    ['a line that is not ended', (text) => text.trimEnd()],
    ['nothing', () => ''],
  ])('that says %s fails', (_, change) => {
    const bytes = withEntry(made.bytes, CONSENT, editText(change));
    const failures = failuresOf(verifyWith({ ...made, bytes }));
    expect(failures['consent']).toEqual(['ERR_BUNDLE_CONSENT']);
    expect(failures).toHaveProperty('integrity');
  });

  it('cannot be left out, and belongs to its manifest', () => {
    const without = buildZip(parseZip(made.bytes).filter(({ name }) => name !== CONSENT));
    expect(failuresOf(verifyWith({ ...made, bytes: without }))).toMatchObject({
      consent: ['ERR_BUNDLE_MISSING'],
    });
    for (const consent of [null, {}, { permits: -1, root: 'ab' }, { permits: 2 }, true]) {
      const bytes = withEntry(
        made.bytes,
        MANIFEST,
        editText((text) => canonicalJson({ ...(JSON.parse(text) as JsonObject), consent })),
      );
      expect(refusalsOf({ ...made, bytes })).toBe('ERR_BUNDLE_MANIFEST');
    }
  });

  it('of more data subjects than rows, or of none, is a lie', () => {
    const names = ['a', 'b', 'c', 'd', 'e'].map((name) => name.repeat(32));
    for (const consent of [names, []]) {
      const lie = exportPatients({ input: { consent } });
      expect(failuresOf(verifyWith(lie))).toEqual({ consent: ['ERR_BUNDLE_CONSENT'] });
    }
  });
});
