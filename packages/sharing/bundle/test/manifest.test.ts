import { type JsonValue, canonicalJson, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { BundleError } from '../src/error.ts';
import { parseManifest } from '../src/manifest-parse.ts';
import { type Manifest, type ManifestTable, formatManifest } from '../src/manifest.ts';
import { exportPatients } from './export-fixture.ts';

const { manifest, manifestBytes } = exportPatients().content;
const table = manifest.tables[0] as ManifestTable;

function refusal(bytes: Uint8Array): string {
  try {
    parseManifest(bytes);
  } catch (error) {
    const { code, file, message } = error as BundleError;
    if (code !== 'ERR_BUNDLE_MANIFEST' || file !== 'manifest.json') throw error;
    return message;
  }
  return 'accepted';
}

function edited(change: Record<string, unknown>): Uint8Array {
  return utf8Encode(canonicalJson({ ...manifest, ...change } as never));
}

function withTable(change: Partial<ManifestTable>): Uint8Array {
  return formatManifest({ ...manifest, tables: [{ ...table, ...change }] });
}

describe('a manifest', () => {
  it('reads back as it was written', () => {
    expect(formatManifest(parseManifest(manifestBytes))).toEqual(manifestBytes);
  });

  it('names every member that is wrong', () => {
    const { purpose: _purpose, ...rest } = manifest;
    const policy = { ...manifest.policy, version: -1 };
    const message = refusal(
      utf8Encode(canonicalJson({ ...rest, policy, tenant: 0, x: 1 } as never)),
    );
    for (const bad of ['purpose is missing', 'policy.version is', 'tenant is', 'x is unknown']) {
      expect(message).toContain(bad);
    }
  });

  it.each<readonly [string, Uint8Array]>([
    ['no JSON', utf8Encode('{')],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
    ['a byte-order mark', new Uint8Array([0xef, 0xbb, 0xbf, ...manifestBytes])],
    ['white space', new Uint8Array([...manifestBytes, 0x0a])],
    ['a list', utf8Encode('[]')],
    ['another format', edited({ format: 'veritydb.dev/bundle/v2' })],
    ['consent', edited({ consent: {} })],
    ['an empty text', edited({ recipient: '' })],
    ['a control character', edited({ recipient: 'a\u{1b}[2J' })],
    ['a line separator', edited({ recipient: 'a\u{2028}b' })],
    ['a long text', edited({ recipient: 'a'.repeat(1001) })],
    ['a held tree size of none', edited({ heldTreeSize: 0 })],
    ['a fraction', edited({ position: 1.5 })],
    ['no tables', edited({ tables: [], files: [] })],
    ['a digest in capitals', edited({ statement: 'A'.repeat(64) })],
    ['a file less', edited({ files: manifest.files.slice(1) })],
    ['files in another order', edited({ files: manifest.files.toReversed() })],
    ['a table twice', edited({ tables: [table, table] })],
    ['a table name with a way up', withTable({ name: '../x' })],
    ['no columns', withTable({ columns: [] })],
    ['no schemas', withTable({ schemas: [] })],
    ['a schema twice', withTable({ schemas: [...table.schemas, ...table.schemas] })],
    ['an empty layout', withTable({ schemas: [{ digest: 'a'.repeat(64), layout: [] }] })],
    ['fewer rows than attested', withTable({ rows: 1 })],
  ])('is refused with %s', (_what, bytes) => {
    expect(refusal(bytes)).not.toBe('accepted');
  });

  it.each<readonly [string, Partial<ManifestTable['columns'][number]>]>([
    ['a name twice', { name: 'zip3' }],
    ['another type than its digest', { type: 'text' }],
    ['a public proof without a digest', { digest: null }],
    ['an auditor’s proof with a digest', { proof: 'auditor' }],
    ['an auditor’s proof of fewer rows', { proof: 'auditor', digest: null }],
    ['a digest that nobody opens', { digest: 1 }],
  ])('is refused with a column of %s', (_what, change) => {
    const [first, ...others] = table.columns;
    const columns = [{ ...first, ...change } as ManifestTable['columns'][number], ...others];
    expect(refusal(withTable({ columns }))).not.toBe('accepted');
  });

  it('is refused where schemas disagree on what a digest is', () => {
    const [first, second] = table.schemas as [
      ManifestTable['schemas'][number],
      ManifestTable['schemas'][number],
    ];
    const layout = second.layout.map((item) =>
      item?.column === 'id' ? { ...item, column: 'it' } : item,
    );
    expect(refusal(withTable({ schemas: [first, { ...second, layout }] }))).toContain('disagree');
  });

  it('throws nothing but its own code on any JSON', () => {
    const names = fc.constantFrom(...Object.keys(manifest));
    fc.assert(
      fc.property(names, fc.jsonValue(), (name, value) => {
        refusal(edited({ [name]: JSON.parse(JSON.stringify(value)) as unknown }));
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(JSON.parse(JSON.stringify(value)) as JsonValue);
        expect(refusal(utf8Encode(text))).not.toBe('accepted');
      }),
    );
  });

  it('keeps the type of what it parsed', () => {
    const parsed: Manifest = parseManifest(manifestBytes);
    expect(parsed.tables[0]?.columns[1]).toEqual({
      name: 'birth_year',
      type: 'text',
      transform: 'generalise to year',
      proof: 'public',
      attested: 0,
      digest: 4,
    });
  });
});
