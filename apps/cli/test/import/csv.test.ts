import { VerityError } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CsvReader, FIELDS_COUNT_MAX, FIELD_LENGTH_MAX } from '../../src/import/csv.ts';

function read(text: string): (readonly string[])[] {
  const reader = new CsvReader('file.csv');
  return [...reader.push(text), ...reader.finish()].map(({ fields }) => fields);
}

function codeOf(text: string): { code: string; message: string } {
  try {
    read(text);
  } catch (error) {
    if (error instanceof VerityError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: 'none', message: '' };
}

describe('CsvReader', () => {
  it.each([
    // RFC 4180 §2, rules 1 to 7, with its own examples.
    [
      '1: lines end with CRLF',
      'aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n',
      [
        ['aaa', 'bbb', 'ccc'],
        ['zzz', 'yyy', 'xxx'],
      ],
    ],
    [
      '2: the last one may lack its end',
      'aaa,bbb,ccc\r\nzzz,yyy,xxx',
      [
        ['aaa', 'bbb', 'ccc'],
        ['zzz', 'yyy', 'xxx'],
      ],
    ],
    ['4: spaces belong to the field', 'a , b\n', [['a ', ' b']]],
    [
      '5: fields may be quoted',
      '"aaa","bbb","ccc"\r\nzzz,yyy,xxx',
      [
        ['aaa', 'bbb', 'ccc'],
        ['zzz', 'yyy', 'xxx'],
      ],
    ],
    [
      '6: line ends and commas within quotes',
      '"aaa","b\r\nb,b","ccc"',
      [['aaa', 'b\r\nb,b', 'ccc']],
    ],
    ['7: a quote within quotes is doubled', '"aaa","b""bb","ccc"', [['aaa', 'b"bb', 'ccc']]],
    [
      'LF ends a line',
      'a,b\nc,d\n',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    [
      'empty fields',
      ',\n"",\n',
      [
        ['', ''],
        ['', ''],
      ],
    ],
    ['a comma at the end', 'a,', [['a', '']]],
    ['nothing at all', '', []],
    ['one empty line of one field', 'a\n\nb', [['a'], [''], ['b']]],
    ['only quotes in quotes', '""""\n', [['"']]],
  ])('reads %s', (_, text, rows) => {
    expect(read(text)).toEqual(rows);
  });

  it.each([
    ['an unclosed quote', 'a,b\n"c,d\ne', 2],
    ['a ragged row', 'a,b\n1,2\n3\n', 3],
    ['a row that is too long', 'a,b\n1,2,3\n', 2],
    ['an empty line among rows of two', 'a,b\n\n', 2],
    ['a quote inside a field', 'a,b"c\n', 1],
    ['text after a closing quote', '"a"b\n', 1],
    ['a lone carriage return', 'a\rb\n', 1],
    ['a carriage return at the end', 'a,b\n1,2\r', 2],
    ['a ragged row after a field of two lines', '"a\nb",c\n1\n', 3],
  ])('refuses %s', (_, text, line) => {
    const { code, message } = codeOf(text);
    expect(code).toBe('ERR_CLI_CSV');
    expect(message.startsWith(`file.csv:${line}: `)).toBe(true);
  });

  it('bounds fields and columns', () => {
    expect(codeOf('x'.repeat(FIELD_LENGTH_MAX)).code).toBe('none');
    expect(codeOf('x'.repeat(FIELD_LENGTH_MAX + 1)).code).toBe('ERR_CLI_CSV');
    expect(codeOf(`"${'x'.repeat(FIELD_LENGTH_MAX)}x"`).code).toBe('ERR_CLI_CSV');
    expect(codeOf(','.repeat(FIELDS_COUNT_MAX - 1)).code).toBe('none');
    expect(codeOf(','.repeat(FIELDS_COUNT_MAX)).code).toBe('ERR_CLI_CSV');
  });

  it('knows the line on which each row begins', () => {
    const reader = new CsvReader('file.csv');
    const rows = [...reader.push('a,b\r\n"1\n2\r\n3",x\n4,5'), ...reader.finish()];
    expect(rows.map(({ line }) => line)).toEqual([1, 2, 5]);
  });

  const field = fc.string({ unit: fc.constantFrom('a', 'é', '😀', ',', '"', '\n', '\r\n', ' ') });
  const table = fc
    .integer({ min: 1, max: 4 })
    .chain((width) =>
      fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1 }),
    );

  it('reads back whatever is written by the RFC', () => {
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n'), fc.boolean(), (rows, end, always) => {
        const write = (text: string): string =>
          always || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
        const text = rows.map((row) => row.map(write).join(',') + end).join('');
        expect(read(text)).toEqual(rows);
      }),
    );
  });

  const soup = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', '\0', '\ud800') });

  it('reads the same however the text is cut, and refuses the same', () => {
    fc.assert(
      fc.property(soup, fc.array(fc.nat({ max: 40 })), (text, cuts) => {
        const whole = codeOf(text);
        const reader = new CsvReader('file.csv');
        const rows: (readonly string[])[] = [];
        let message = '';
        try {
          let at = 0;
          for (const cut of cuts.toSorted((a, b) => a - b)) {
            rows.push(...reader.push(text.slice(at, cut)).map(({ fields }) => fields));
            at = Math.max(at, cut);
          }
          rows.push(...reader.push(text.slice(at)).map(({ fields }) => fields));
          rows.push(...reader.finish().map(({ fields }) => fields));
        } catch (error) {
          message = (error as Error).message;
        }
        expect(message).toBe(whole.message);
        expect(message === '' ? rows : []).toEqual(message === '' ? read(text) : []);
      }),
    );
  });

  it('throws nothing but its own error', () => {
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ unit: 'binary' })), (text) => {
        expect(['none', 'ERR_CLI_CSV']).toContain(codeOf(text).code);
      }),
      { numRuns: 500 },
    );
  });
});
