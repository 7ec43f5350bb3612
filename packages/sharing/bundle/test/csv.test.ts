/** CSV beside the lines: what it says, that it says no more, and that a spreadsheet runs none of it. */

import { canonicalJson } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { csvHead, csvLine } from '../src/csv.ts';
import { csvName, dataName, dictionaryName } from '../src/entry-name.ts';
import { parseZip } from '../src/zip.ts';
import {
  editText,
  exportPatients,
  failuresOf,
  verifyWith,
  withFile,
  withFiles,
} from './export-fixture.ts';

const CSV = csvName('patients');
const DICTIONARY = dictionaryName('patients');
const exported = exportPatients({ csv: true });
const textOf = (file: string): string =>
  new TextDecoder().decode(parseZip(exported.bytes).find(({ name }) => name === file)?.bytes);

describe('CSV', () => {
  it('says what the lines say', () => {
    expect(failuresOf(verifyWith(exported))).toEqual({});
    expect(textOf(CSV)).toBe(
      [
        '"id","birth_year","zip3","initial","weight"',
        '5,"2003","606","E",90.00',
        '1,"1979","021","A",',
        '3,"2024","943","Ω",70.00',
        '4,"1970",,"D",50.00',
        '',
      ].join('\r\n'),
    );
  });

  it('has a dictionary that other tools read (CSV on the Web)', () => {
    const dictionary = JSON.parse(textOf(DICTIONARY)) as {
      url: string;
      tableSchema: { columns: readonly unknown[] };
    };
    expect(dictionary.url).toBe('patients.csv');
    expect(dictionary.tableSchema.columns[4]).toEqual({
      datatype: 'decimal',
      'dc:description': 'committed in the log; transform: none; 3 of 4 values proved',
      null: '',
      titles: 'weight',
    });
  });

  it.each([
    ['another value', CSV, '90.00', '90.01', 'line 2'],
    ['a value of an attested column', CSV, '"D"', '"X"', 'line 5'],
    ['another name of a column', CSV, '"zip3"', '"zip5"', 'line 1'],
    ['a row more', CSV, '50.00\r\n', '50.00\r\n9,,,,\r\n', null],
    ['a row less', CSV, '4,"1970",,"D",50.00\r\n', '', 'line 5'],
    ['an empty text for a null', CSV, '"1970",,', '"1970","",', 'line 5'],
    ['another line end', CSV, '"weight"\r\n', '"weight"\n', 'line 1'],
    ['another dictionary', DICTIONARY, '3 of 4', '4 of 4', null],
  ])('with %s is refused, though all of it is signed', (_what, file, from, to, record) => {
    const lie = exportPatients({
      csv: true,
      corrupt: (content) =>
        withFiles(content, (name, bytes) =>
          name === file ? editText((text) => text.replace(from, to))(bytes) : bytes,
        ),
    });
    const report = verifyWith(lie);
    expect(failuresOf(report)).toEqual({ integrity: ['ERR_BUNDLE_COPY'] });
    const integrity = report.checks.find(({ check }) => check === 'integrity');
    expect(integrity?.failures).toMatchObject([{ file, record }]);
  });

  it('is refused where the lines are no lines', () => {
    const bytes = withFile(
      exported.bytes,
      dataName('patients'),
      editText((text) => text.replace('{', '[')),
    );
    const { checks } = verifyWith({ ...exported, bytes });
    const integrity = checks.find(({ check }) => check === 'integrity');
    expect(integrity?.failures.map(({ code }) => code)).toEqual(['ERR_BUNDLE_LINE']);
  });
});

describe('cells', () => {
  const TEXT = [{ name: 'a', type: 'text' as const }];

  it.each([
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\tx', `"'\tx"`],
    ['\rx', `"'\rx"`],
    ["'quoted", `"''quoted"`],
    ['＝1', `"'＝1"`],
    ['a=1', '"a=1"'],
    ['say "x", y\r\nz', '"say ""x"", y\r\nz"'],
    ['', '""'],
    [null, ''],
  ])('of text %j', (value, expected) => {
    expect(csvLine(TEXT, [value])).toBe(`${expected}\r\n`);
  });

  it('are never a formula, and come back as they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 12 }), (value) => {
        const quoted = csvLine(TEXT, [value]).slice(1, -3);
        expect(quoted).not.toMatch(/^[=+\-@\t\r]/);
        const text = quoted.replaceAll('""', '"');
        expect(text.startsWith("'") ? text.slice(1) : text).toBe(value);
      }),
    );
  });

  it('of numbers are bare, also below zero, and names are guarded, too', () => {
    const columns = [
      { name: '=cmd', type: 'integer' as const },
      { name: 'j', type: 'json' as const },
    ];
    expect(csvHead(columns)).toBe(`"'=cmd","j"\r\n`);
    expect(csvLine(columns, [-5, canonicalJson([1, 2])])).toBe('-5,"[1,2]"\r\n');
  });
});
