import { createHash } from 'node:crypto';

import {
  type RowEvent,
  type RowToCommit,
  SALT_SIZE,
  type Crypto,
  commitRow as commitEncoded,
  digestLayout,
  fieldDigest,
  openRow,
  portableCrypto,
  rowCommitment,
  schemaDigest,
} from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type ColumnDefinition,
  type Hash,
  type TableDefinition,
  type Value,
  bytesToHex,
  digestCount,
  digestIndexOf,
  encodeRow,
  toOffset,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { PROVIDERS, ascii } from './providers.ts';

const column = (
  name: string,
  type: ColumnDefinition['type'],
  rest: Partial<ColumnDefinition> = {},
): ColumnDefinition => ({ name, type, notNull: false, dataClass: null, ladder: null, ...rest });

const PATIENTS: TableDefinition = {
  name: 'patients',
  columns: [
    column('id', 'integer', { notNull: true }),
    column('name', 'text', { dataClass: 'direct-id' }),
    column('born', 'date', { ladder: 'date' }),
    column('zip', 'text', { ladder: 'us-zip-2020' }),
  ],
  primaryKey: ['id'],
  subject: 'id',
};

function commitRow(crypto: Crypto, row: RowToCommit): Hash {
  return commitEncoded(crypto, row, encodeRow(row.definition, row.values));
}

/** The same rows in bytes written down by hand: tag, then the heads and items of RFC 8949. */
const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(typeof part === 'string' ? Buffer.from(part, 'hex') : part);
  return hash.digest('hex');
};
const FIELD = Buffer.from('vdb.fld1').toString('hex');
const ROW = Buffer.from('vdb.row1').toString('hex');
const SCHEMA = Buffer.from('vdb.sch1').toString('hex');
const hex = (text: string): string => Buffer.from(text).toString('hex');
/** 16 equal bytes as a byte string: head 0x50. */
const salt = (index: number): string => `50${index.toString(16).padStart(2, '0').repeat(16)}`;

function rowOf(values: readonly Value[], event: RowEvent, offset: number): RowToCommit {
  return {
    definition: PATIENTS,
    schemaDigest: new Uint8Array(32).fill(0xaa),
    offset: toOffset(offset),
    event,
    values,
    salts: Uint8Array.from({ length: 8 * SALT_SIZE }, (_, at) => Math.floor(at / SALT_SIZE)),
  };
}

/** Row header: array of 5, text "patients", 32 bytes, offset, event, count of digests. */
function rowPrefix(offset: string, event: string): string {
  return `${ROW}8568${hex('patients')}5820${'aa'.repeat(32)}${offset}66${hex(event)}08`;
}

describe('commitments against bytes written by hand', () => {
  test('an inserted row: values, two ladders', () => {
    const fields = [
      // [salt, "id", 0, "integer", 7]
      `${FIELD}85${salt(0)}62${hex('id')}0067${hex('integer')}07`,
      // [salt, "name", 0, "text", "Zoë"]: 4 bytes of UTF-8
      `${FIELD}85${salt(1)}64${hex('name')}0064${hex('text')}645a6fc3ab`,
      // [salt, "born", 0, "date", ["date", 3711]]: 1980-02-29
      `${FIELD}85${salt(2)}64${hex('born')}0064${hex('date')}8264${hex('date')}190e7f`,
      // [salt, "born", 1, "text", "1980-02"]
      `${FIELD}85${salt(3)}64${hex('born')}0164${hex('text')}67${hex('1980-02')}`,
      // [salt, "born", 2, "text", "1980"]
      `${FIELD}85${salt(4)}64${hex('born')}0264${hex('text')}64${hex('1980')}`,
      // [salt, "zip", 0, "text", "02138"]
      `${FIELD}85${salt(5)}63${hex('zip')}0064${hex('text')}65${hex('02138')}`,
      // [salt, "zip", 1, "text", "021"]
      `${FIELD}85${salt(6)}63${hex('zip')}0164${hex('text')}63${hex('021')}`,
      // [salt, "zip", 2, "text", "021"]: more than 20,000 people
      `${FIELD}85${salt(7)}63${hex('zip')}0264${hex('text')}63${hex('021')}`,
    ];
    const digests = fields.map((field) => sha256(field));
    const expected = sha256(rowPrefix('1903e8', 'insert'), ...digests);
    const row = rowOf([7, 'Zoë', 3711, '02138'], 'insert', 1000);
    for (const crypto of PROVIDERS) {
      expect(bytesToHex(commitRow(crypto, row))).toBe(expected);
      const opening = openRow(crypto, row);
      expect(opening.digests.map(bytesToHex)).toEqual(digests);
      expect(bytesToHex(opening.commitment)).toBe(expected);
    }
    // The format is for ever: these bytes may not change.
    expect(expected).toBe('7957a3a3f180b698f3869ce6bbc8e603ff3dead8efde4be8410e1fee8ea43f38');
  });

  test('an updated row: NULL climbs to NULL, a negative integer, a great offset', () => {
    const fields = [
      `${FIELD}85${salt(0)}62${hex('id')}0067${hex('integer')}3863`,
      `${FIELD}85${salt(1)}64${hex('name')}0064${hex('text')}f6`,
      `${FIELD}85${salt(2)}64${hex('born')}0064${hex('date')}f6`,
      `${FIELD}85${salt(3)}64${hex('born')}0164${hex('text')}f6`,
      `${FIELD}85${salt(4)}64${hex('born')}0264${hex('text')}f6`,
      `${FIELD}85${salt(5)}63${hex('zip')}0064${hex('text')}63${hex('abc')}`,
      `${FIELD}85${salt(6)}63${hex('zip')}0164${hex('text')}f6`,
      `${FIELD}85${salt(7)}63${hex('zip')}0264${hex('text')}f6`,
    ];
    const expected = sha256(
      rowPrefix('1b0000010000000000', 'update'),
      ...fields.map((field) => sha256(field)),
    );
    const row = rowOf([-100, null, null, 'abc'], 'update', 2 ** 40);
    for (const crypto of PROVIDERS) expect(bytesToHex(commitRow(crypto, row))).toBe(expected);
    expect(expected).toBe('e2033ab81b249874c62262ec6b797404e2bb07923ebc3842d51106bf95c3d40a');
  });

  test('schema digest: tag and RFC 8785 text', () => {
    const json =
      '{"columns":[{"dataClass":null,"ladder":null,"name":"id","notNull":true,"type":"integer"}],' +
      '"name":"t","primaryKey":["id"],"subject":null}';
    const definition: TableDefinition = {
      name: 't',
      columns: [column('id', 'integer', { notNull: true })],
      primaryKey: ['id'],
      subject: null,
    };
    for (const crypto of PROVIDERS) {
      expect(bytesToHex(schemaDigest(crypto, definition))).toBe(sha256(SCHEMA, ascii(json)));
    }
  });
});

const WIDE: TableDefinition = {
  name: 'wide',
  columns: [
    column('id', 'bigint', { notNull: true }),
    column('amount', 'decimal'),
    column('note', 'text'),
    column('flag', 'boolean'),
    column('at', 'timestamp', { ladder: 'timestamp' }),
    column('ref', 'uuid'),
    column('blob', 'bytes'),
    column('doc', 'json'),
    column('age', 'integer', { ladder: 'age' }),
  ],
  primaryKey: ['id'],
  subject: null,
};

const nullable = (values: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 5, arbitrary: values });

const wideRow: fc.Arbitrary<readonly Value[]> = fc.tuple(
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  nullable(
    fc.record({
      unscaled: fc.bigInt({ min: -(10n ** 38n) + 1n, max: 10n ** 38n - 1n }),
      scale: fc.nat(38),
    }),
  ),
  nullable(fc.string({ unit: 'grapheme', maxLength: 40 })),
  nullable(fc.boolean()),
  nullable(fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n })),
  nullable(fc.uuid()),
  nullable(fc.uint8Array({ maxLength: 40 })),
  nullable(fc.constantFrom('{}', '[1,2]', '"x"')),
  nullable(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
);

const COUNT = digestCount(WIDE);

function wide(values: readonly Value[], salts: Uint8Array): RowToCommit {
  return {
    definition: WIDE,
    schemaDigest: schemaDigest(nativeCrypto, WIDE),
    offset: toOffset(12),
    event: 'insert',
    values,
    salts,
  };
}

/** A text that differs where values differ. */
function textOf(values: readonly Value[]): string {
  return JSON.stringify(values, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}

describe('commitments hold everything', () => {
  const salts = fc.uint8Array({ minLength: COUNT * SALT_SIZE, maxLength: COUNT * SALT_SIZE });

  test('the write path, the opening and its fields one by one lead to one commitment', () => {
    fc.assert(
      fc.property(wideRow, salts, (values, saltBytes) => {
        const row = wide(values, saltBytes);
        const opening = openRow(nativeCrypto, row);
        expect(opening.commitment).toEqual(commitRow(nativeCrypto, row));
        expect(opening.commitment).toEqual(commitRow(portableCrypto, row));
        const digests = opening.fields.map((field) => fieldDigest(portableCrypto, field));
        expect(rowCommitment(portableCrypto, opening.header, digests)).toEqual(opening.commitment);
        expect(digestLayout(WIDE)).toEqual(
          opening.fields.map(({ column: name, level, type }) => ({ column: name, level, type })),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('any other value of any column changes it', () => {
    fc.assert(
      fc.property(wideRow, wideRow, salts, fc.nat(8), (values, others, saltBytes, at) => {
        const changed = values.map((value, index) => (index === at ? others[at] : value) as Value);
        fc.pre(textOf(changed) !== textOf(values));
        expect(commitRow(nativeCrypto, wide(changed, saltBytes))).not.toEqual(
          commitRow(nativeCrypto, wide(values, saltBytes)),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('any bit of any salt changes it', () => {
    fc.assert(
      fc.property(wideRow, salts, fc.nat(COUNT * SALT_SIZE * 8 - 1), (values, saltBytes, bit) => {
        const flipped = saltBytes.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(commitRow(nativeCrypto, wide(values, flipped))).not.toEqual(
          commitRow(nativeCrypto, wide(values, saltBytes)),
        );
      }),
    );
  });

  test('so does anything of the row header', () => {
    const row = rowOf([7, 'Zoë', 3711, '02138'], 'insert', 1000);
    const others: readonly RowToCommit[] = [
      { ...row, event: 'update' },
      { ...row, offset: toOffset(1001) },
      { ...row, schemaDigest: new Uint8Array(32) },
      { ...row, definition: { ...PATIENTS, name: 'patient' } },
      { ...row, definition: renamed('name', 'nom') },
    ];
    const all = [row, ...others].map((one) => bytesToHex(commitRow(nativeCrypto, one)));
    expect(new Set(all).size).toBe(all.length);
  });

  test('a field does not pass for another column, level, type or value', () => {
    const field = {
      column: 'born',
      level: 1,
      type: 'text' as const,
      value: '1980',
      salt: new Uint8Array(SALT_SIZE),
    };
    const others = [
      field,
      { ...field, column: 'bor' },
      { ...field, level: 2 },
      { ...field, type: 'json' as const },
      { ...field, value: null },
      { ...field, salt: new Uint8Array(SALT_SIZE).fill(1) },
    ];
    const all = others.map((one) => bytesToHex(fieldDigest(nativeCrypto, one)));
    expect(new Set(all).size).toBe(all.length);
  });

  test('ladder levels are committed, where the schema says', () => {
    const opening = openRow(nativeCrypto, rowOf([7, 'Zoë', 3711, '02138'], 'insert', 0));
    const at = digestIndexOf(PATIENTS, 2);
    expect(opening.fields.slice(at, at + 3).map(({ level, value }) => [level, value])).toEqual([
      [0, 3711],
      [1, '1980-02'],
      [2, '1980'],
    ]);
  });

  test('an opening owns its salts', () => {
    const row = rowOf([7, 'Zoë', 3711, '02138'], 'insert', 0);
    const opening = openRow(nativeCrypto, row);
    const before = opening.fields.map(({ salt: one }) => bytesToHex(one));
    row.salts.fill(0xff);
    expect(opening.fields.map(({ salt: one }) => bytesToHex(one))).toEqual(before);
  });
});

function renamed(from: string, to: string): TableDefinition {
  const columns = PATIENTS.columns.map((one) => (one.name === from ? { ...one, name: to } : one));
  return { ...PATIENTS, columns };
}
