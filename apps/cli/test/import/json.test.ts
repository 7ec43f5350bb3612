import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { requireShared } from '@veritydb/testkit';
import { VerityError } from '@veritydb/types';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CliError } from '../../src/error.ts';
import { FHIR_R4, FHIR_R4_SCHEMA } from '../../src/import/fhir-r4.ts';
import { findFiles, findSources } from '../../src/import/find-sources.ts';
import { parseExactJson, scalarText } from '../../src/import/json-text.ts';
import { type Mapping, parseMapping, rowsOfRecord } from '../../src/import/mapping-file.ts';
import { planImport } from '../../src/import/plan.ts';
import { parseSchema } from '../../src/import/schema-file.ts';
import type { Source } from '../../src/import/source.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verity-json-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function write(name: string, text: string | Uint8Array): Promise<string> {
  const path = join(await mkdtemp(join(folder, 'file-')), name);
  await writeFile(path, text);
  return path;
}

async function sourcesOf(name: string, text: string, mapping: Mapping | null = null) {
  return findSources([await write(name, text)], mapping);
}

async function rowsOf(source: Source | undefined) {
  const rows: (readonly (string | null)[])[] = [];
  if (source === undefined) return rows;
  for await (const chunk of source.chunks()) rows.push(...chunk.rows.map(({ fields }) => fields));
  return rows;
}

describe('NDJSON', () => {
  it('is a table of its members, each value as it was written', async () => {
    const lines = [
      '{"id":1,"account":12345678901234567890,"price":1.10,"ok":true}',
      '',
      '{"id":2,"name":"","ok":null,"text":"a\\nb \\" 7"}\r',
    ];
    const { sources } = await sourcesOf('Prices-2026.ndjson', lines.join('\n'));
    expect(sources.map(({ table }) => table)).toEqual(['prices_2026']);
    expect(await rowsOf(sources[0])).toEqual([
      ['id', 'account', 'price', 'ok', 'name', 'text'],
      ['1', '12345678901234567890', '1.10', 'true', null, null],
      ['2', null, null, null, '', 'a\nb " 7'],
    ]);
    const plan = await planImport({ sources, declared: new Map(), existing: new Map() });
    expect(plan.creations[0]?.statement).toMatch(
      /"id" INTEGER NOT NULL, "account" DECIMAL, "price" DECIMAL, "ok" BOOLEAN/,
    );
  });

  it.each([
    ['no JSON', '{"id":1}\n{"id":', /t\.ndjson:2: /],
    ['a member twice', '{"id":1,"id":2}', /t\.ndjson:1: /],
    ['no object', '{"id":1}\n\n[1]', /t\.ndjson:3: expected a JSON object/],
    ['a list', '{"id":1,"secret":[1]}', /t\.ndjson:1: a member holds a list/],
    ['an object', '{"id":1,"secret":{}}', /t\.ndjson:1: a member holds a list/],
  ])('refuses %s, and tells the line', async (_, text, message) => {
    const { sources } = await sourcesOf('t.ndjson', text).catch((error: unknown) => {
      expect(error).toMatchObject({
        code: 'ERR_CLI_JSON',
        message: expect.stringMatching(message),
      });
      return { sources: [] };
    });
    for (const source of sources) {
      await expect(rowsOf(source)).rejects.toMatchObject({
        code: 'ERR_CLI_JSON',
        message: expect.stringMatching(message),
      });
      await expect(rowsOf(source)).rejects.not.toThrow(/secret/);
    }
  });

  it('reads any bytes to rows or to an error of ours', async () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json({ maxDepth: 3 }),
      fc.array(fc.json({ maxDepth: 2 }), { maxLength: 4 }).map((lines) => lines.join('\n')),
    );
    const bytes = fc.oneof(
      texts.map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 40 }),
    );
    const names = fc.constantFrom('t.ndjson', 't.json');
    await fc.assert(
      fc.asyncProperty(names, bytes, async (name, content) => {
        try {
          const { sources } = await findSources([await write(name, content)], null);
          for (const source of sources) await rowsOf(source);
        } catch (error) {
          if (!(error instanceof CliError)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('numbers', () => {
  it('keep every digit, and texts every letter', () => {
    const number = fc
      .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.stringMatching(/^\d{0,9}$/))
      .map(([minus, whole, part]) => `${minus ? '-' : ''}${whole}${part === '' ? '' : `.${part}`}`);
    fc.assert(
      fc.property(number, fc.string({ unit: 'grapheme' }), (text, other) => {
        const parsed = parseExactJson(`{"n":${text},"s":${JSON.stringify(other)}}`) as object;
        const [n, s] = Object.values(parsed) as string[];
        expect([scalarText(n ?? ''), scalarText(s ?? '')]).toEqual([text, other]);
      }),
    );
  });
});

describe('mappings', () => {
  const of = (columns: unknown, more: object = {}): Mapping =>
    parseMapping(
      JSON.parse(
        JSON.stringify({
          format: 'veritydb.dev/mapping/v1',
          tables: { t: { columns, ...more } },
        }),
      ) as never,
      'm.json',
    );
  const rows = (columns: unknown, record: object, more: object = {}) => {
    const [table] = of(columns, more).tables;
    return (
      table && rowsOfRecord(table, parseExactJson(JSON.stringify(record)) as object as never, 'r')
    );
  };
  const record = {
    kind: 'x',
    a: {
      b: [
        { use: 'first.one', v: 1 },
        { use: 'two', v: '2' },
      ],
      'c-d': true,
    },
    ref: 'Patient/p-1',
    urn: 'urn:uuid:0a',
    at: '2003-06-12T23:30:00.250-07:00',
  };

  it.each([
    ['a.b[0].v', '1'],
    ['a.b[use=two].v', '2'],
    ['a.b[use=first.one].v', '1'],
    ['a.c-d', 'true'],
    ['a.b[7].v', null],
    ['a.b[use=none].v', null],
    ['kind.deeper', null],
    ['constructor', null],
    [{ path: ['none', 'a.b[use=two].v'] }, '2'],
    [{ path: 'ref', as: 'reference' }, 'p-1'],
    [{ path: 'urn', as: 'reference' }, '0a'],
    [{ path: 'at', as: 'timestamp' }, '2003-06-13T06:30:00.250Z'],
    [{ path: 'at', as: 'date' }, '2003-06-12'],
    [{ path: 'kind', as: 'timestamp' }, 'x'],
  ])('%j leads to %s', (path, text) => {
    expect(rows({ c: path }, record)).toEqual([[text]]);
  });

  it('make a row of each item of a list, with what stands above it', () => {
    const columns = { number: '#', kind: '^.kind', v: 'v' };
    expect(rows(columns, record, { each: 'a.b' })).toEqual([
      ['1', 'x', '1'],
      ['2', 'x', '2'],
    ]);
    expect(rows(columns, record, { each: 'none' })).toEqual([]);
    expect(rows(columns, record, { where: { kind: 'y' } })).toEqual([]);
  });

  it('refuse a path that leads to more than a value', () => {
    expect(() => rows({ c: 'a.b' }, record)).toThrow(/t\.c leads to a list/);
  });

  it.each([
    [{ c: 'a[' }, {}],
    [{ c: 'a..b' }, {}],
    [{ c: '.a' }, {}],
    [{ c: 'a.' }, {}],
    [{ c: 'a[0][1]' }, {}],
    [{ c: '' }, {}],
    [{ c: 7 }, {}],
    [{ c: { path: 'a', as: 'number' } }, {}],
    [{ c: { paht: 'a' } }, {}],
    [{ 'no name': 'a' }, {}],
    [{ c: 'a' }, { whree: {} }],
    [{ c: 'a' }, { where: { a: 1 } }],
  ])('%j %j is none', (columns, more) => {
    expect(() => of(columns, more)).toThrow(expect.objectContaining({ code: 'ERR_CLI_MAPPING' }));
  });

  it('tell what a mistyped member was meant to be', () => {
    expect(() => of({ c: 'a' }, { whree: {} })).toThrow(/did you mean where\?/);
  });

  it('are parsed to a mapping or an error of ours, whatever they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, path) => {
        for (const given of [
          value,
          { format: 'veritydb.dev/mapping/v1', tables: { t: { columns: { c: path } } } },
        ]) {
          try {
            parseMapping(given as never, 'm');
          } catch (error) {
            expect(error).toBeInstanceOf(VerityError);
          }
        }
      }),
    );
  });
});

describe('FHIR R4', () => {
  const patient = {
    resourceType: 'Patient',
    id: 'p-1',
    birthDate: '1931-03-02',
    name: [{ use: 'official', family: 'Moss', given: ['Ada'] }],
  };
  const pressure = {
    resourceType: 'Observation',
    id: 'o-1',
    status: 'final',
    code: { coding: [{ code: '85354-9', display: 'Blood pressure' }] },
    subject: { reference: 'Patient/p-1' },
    effectiveDateTime: '2026-01-05T10:00:00+01:00',
    component: [
      { code: { text: 'Systolic' }, valueQuantity: { value: 120, unit: 'mmHg' } },
      { code: { text: 'Diastolic' }, valueQuantity: { value: 80.5, unit: 'mmHg' } },
    ],
  };
  const entries = [patient, pressure, { resourceType: 'Claim', id: 'c' }];

  it.each([
    [
      'a bundle',
      'b.json',
      JSON.stringify({ resourceType: 'Bundle', entry: entries.map((resource) => ({ resource })) }),
    ],
    ['NDJSON', 'b.ndjson', entries.map((resource) => JSON.stringify(resource)).join('\n')],
  ])('is read from %s', async (_, name, text) => {
    const { isFhir, leftOut, sources } = await sourcesOf(name, text);
    expect([isFhir, [...leftOut]]).toEqual([true, [['Claim', 1]]]);
    const tables = new Map(sources.map((source) => [source.table, source]));
    expect([...tables.keys()]).toEqual(['patients', 'observations', 'observation_components']);
    const [header = [], row = []] = await rowsOf(tables.get('observations'));
    const observation = Object.fromEntries(header.map((column, index) => [column, row[index]]));
    expect(observation).toMatchObject({
      id: 'o-1',
      patient: 'p-1',
      date: '2026-01-05T09:00:00Z',
      description: 'Blood pressure',
      value: null,
    });
    expect((await rowsOf(tables.get('observation_components'))).slice(1)).toEqual([
      ['o-1', '1', 'p-1', null, 'Systolic', '120', 'mmHg'],
      ['o-1', '2', 'p-1', null, 'Diastolic', '80.5', 'mmHg'],
    ]);
  });

  it('has a column of its tables for every path, and a class for every column', async () => {
    const declared = await parseSchema(FHIR_R4_SCHEMA, 'FHIR R4');
    expect([...declared.keys()]).toEqual(FHIR_R4.tables.map(({ name }) => name));
    for (const { columns, name } of FHIR_R4.tables) {
      const definition = declared.get(name)?.definition;
      expect(columns.map((column) => column.name)).toEqual(
        definition?.columns.map((one) => one.name),
      );
      expect(definition?.columns.filter(({ dataClass }) => dataClass === null)).toEqual([]);
      expect(definition?.subject).not.toBeNull();
    }
  });

  it('tells which entry does not fit', async () => {
    const { sources } = await sourcesOf(
      'b.json',
      JSON.stringify([patient, { ...patient, birthDate: '1931' }]),
    );
    const declared = await parseSchema(FHIR_R4_SCHEMA, 'FHIR R4');
    const { rejects } = await planImport({ sources, declared, existing: new Map() });
    expect(rejects).toEqual([
      { place: 'b.json entry 2', reason: 'column birthdate: expected date (YYYY-MM-DD)' },
      { place: 'b.json entry 2', reason: 'the key is that of b.json entry 1' },
    ]);
  });

  const samples = requireShared('FHIR R4 bundles of Synthea');
  it.runIf(samples !== undefined)('takes the bundles of Synthea as they are', async () => {
    const { leftOut, sources } = await findSources(
      await findFiles([join(samples ?? '', 'data/fhir-r4-synthea')]),
      null,
    );
    const declared = await parseSchema(FHIR_R4_SCHEMA, 'FHIR R4');
    const plan = await planImport({ sources, declared, existing: new Map() });
    expect(plan.rejects).toEqual([]);
    expect(
      Object.fromEntries(plan.files.map(({ rowCount, source }) => [source.table, rowCount])),
    ).toEqual({
      patients: 1,
      encounters: 14,
      observations: 54,
      observation_components: expect.any(Number),
      conditions: 6,
      medications: 3,
      procedures: 4,
      immunizations: 8,
    });
    expect(leftOut.get('Claim')).toBe(17);
  });
});
