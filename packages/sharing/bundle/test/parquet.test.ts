/** Parquet beside the lines: read by another's reader, and refused where it says anything else. */

import { nativeCrypto } from '@veritydb/crypto/native';
import {
  COLUMN_TYPES,
  type ColumnType,
  type Value,
  formatTimestamp,
  valueToJson,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { parquetReadObjects, parquetSchema, parquetMetadata } from 'hyparquet';
import { describe, expect, it } from 'vitest';

import { memorySource } from '../src/byte-source.ts';
import { checkParquet } from '../src/checks/parquet-copy.ts';
import { dataName, parquetName } from '../src/entry-name.ts';
import { BundleError } from '../src/error.ts';
import type { Evidence } from '../src/evidence.ts';
import type { ManifestTable } from '../src/manifest.ts';
import { ParquetWriter, ROW_GROUP_COUNT } from '../src/parquet.ts';
import { parseBundle } from '../src/parse.ts';
import { type ZipMember, parseZip } from '../src/zip.ts';
import {
  editText,
  exportPatients,
  failuresOf,
  flipped,
  verifyWith,
  withFiles,
} from './export-fixture.ts';
import { VALUES } from './values.ts';

const PARQUET = parquetName('patients');
const COLUMNS = COLUMN_TYPES.map((type) => ({ name: `a ${type}`, type }));

function write(rows: readonly (readonly Value[])[], columns = COLUMNS): Uint8Array {
  const pieces: Uint8Array[] = [];
  const writer = new ParquetWriter(columns, (piece) => {
    pieces.push(piece.slice());
  });
  for (const row of rows) writer.add(row);
  writer.end();
  return new Uint8Array(Buffer.concat(pieces));
}

async function read(bytes: Uint8Array): Promise<readonly Record<string, unknown>[]> {
  return parquetReadObjects({ file: bytes.slice().buffer, utf8: false });
}

/** A value as hyparquet reads what the column says of itself. */
function asRead(type: ColumnType, value: Value): unknown {
  if (value === null) return undefined;
  if (type === 'date') return new Date((value as number) * 86_400_000).toISOString();
  if (type === 'timestamp') return formatTimestamp(((value as bigint) / 1000n) * 1000n);
  if (type === 'json') return (JSON.parse(value as string) as unknown) ?? undefined;
  if (type === 'bytes') return Buffer.from(value as Uint8Array).toString('hex');
  if (type === 'decimal') return valueToJson(type, value);
  return value;
}

/** The same of what it read. */
function plainOf(type: ColumnType, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (type === 'date') return (value as Date).toISOString();
  if (type === 'timestamp') return formatTimestamp(BigInt((value as Date).getTime()) * 1000n);
  if (type === 'bytes') return Buffer.from(value as Uint8Array).toString('hex');
  return value;
}

describe('Parquet', () => {
  it('holds every type of column, read by hyparquet', async () => {
    const row = fc.tuple(...COLUMN_TYPES.map((type) => fc.option(VALUES[type], { nil: null })));
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 30 }), async (rows) => {
        const found = await read(write(rows));
        expect(found.length).toBe(rows.length);
        for (const [index, values] of rows.entries()) {
          for (const [place, { name, type }] of COLUMNS.entries()) {
            expect(plainOf(type, found[index]?.[name])).toEqual(
              asRead(type, values[place] as Value),
            );
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('says what each column means', () => {
    const { children } = parquetSchema(parquetMetadata(write([]).slice().buffer));
    const meanings = children.map(({ element }) => [element.type, element.logical_type?.type]);
    expect(
      Object.fromEntries(children.map(({ element }, index) => [element.name, meanings[index]])),
    ).toEqual({
      'a integer': ['INT32', undefined],
      'a bigint': ['INT64', undefined],
      'a decimal': ['BYTE_ARRAY', 'STRING'],
      'a text': ['BYTE_ARRAY', 'STRING'],
      'a boolean': ['BOOLEAN', undefined],
      'a date': ['INT32', 'DATE'],
      'a timestamp': ['INT64', 'TIMESTAMP'],
      'a uuid': ['FIXED_LEN_BYTE_ARRAY', 'UUID'],
      'a bytes': ['BYTE_ARRAY', undefined],
      'a json': ['BYTE_ARRAY', 'JSON'],
    });
  });

  it('is in groups of rows, the last with what is left', async () => {
    const count = ROW_GROUP_COUNT + 3;
    const columns = [
      { name: 'n', type: 'integer' as const },
      { name: 'is_odd', type: 'boolean' as const },
    ];
    const rows = Array.from({ length: count }, (_, n) => [n % 7 === 0 ? null : n, n % 2 === 1]);
    const bytes = write(rows, columns);
    const { row_groups: groups } = parquetMetadata(bytes.slice().buffer);
    expect(groups.map((group) => Number(group.num_rows))).toEqual([ROW_GROUP_COUNT, 3]);
    const found = await read(bytes);
    expect(found.map(({ n, is_odd: isOdd }) => [n ?? null, isOdd])).toEqual(rows);
  });
});

describe('Parquet of a bundle', () => {
  const exported = exportPatients({ parquet: true });

  it('holds what the lines hold', async () => {
    expect(failuresOf(verifyWith(exported))).toEqual({});
    const fileOf = (file: string): Uint8Array =>
      parseZip(exported.bytes).find(({ name }) => name === file)?.bytes as Uint8Array;
    const lines = new TextDecoder()
      .decode(fileOf(dataName('patients')))
      .trim()
      .split('\n');
    const rows = await parquetReadObjects({ file: fileOf(PARQUET).slice().buffer });
    expect(rows).toEqual(lines.map((line) => JSON.parse(line) as unknown));
  });

  it('counts with every bit of it, before any digest', () => {
    const { entries, ...parsed } = parseBundle(exported.bytes);
    const [table] = parsed.manifest.tables;
    const member = entries.get(PARQUET) as ZipMember;
    const bytes = member.bytes.read(0, member.bytes.size);
    const withBytes = (changed: Uint8Array): Evidence => ({
      crypto: nativeCrypto,
      ...parsed,
      entries: new Map(entries).set(PARQUET, { ...member, bytes: memorySource(changed) }),
    });
    const check = (changed: Uint8Array): void => {
      checkParquet(withBytes(changed), table as ManifestTable);
    };
    check(bytes);
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      expect(() => check(flipped(bytes, bit)), `bit ${bit}`).toThrow(BundleError);
    }
  });

  it.each([
    [
      'another value',
      (bytes: Uint8Array) => editText((text) => text.replace('90.00', '90.01'))(bytes),
    ],
    ['a byte more', (bytes: Uint8Array) => Uint8Array.of(...bytes, 0)],
    ['a byte less', (bytes: Uint8Array) => bytes.slice(0, -1)],
    ['nothing in it', () => new Uint8Array(0)],
  ])('with %s is refused, though all of it is signed', (_what, edit) => {
    const lie = exportPatients({
      parquet: true,
      corrupt: (content) =>
        withFiles(content, (name, bytes) => (name === PARQUET ? edit(bytes) : bytes)),
    });
    expect(failuresOf(verifyWith(lie))).toEqual({ integrity: ['ERR_BUNDLE_COPY'] });
  });
});
