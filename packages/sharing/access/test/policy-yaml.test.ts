import { VerityError } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { POLICY_SIZE_BYTES_MAX } from '../src/index.ts';
import { parsePolicyYaml } from '../src/policy-yaml.ts';

const fill = (size: number): string => `a: ${'x'.repeat(size - 3)}`;

const PIECES =
  'a|b: |- |\n|  |{|}|[|]|,|: |"|\'|&x |*x|!|>|# |? |---|...|%|1|null|~|<<|\t|\\|\u0000'.split('|');

describe('YAML of policies', () => {
  it.each([
    ['a: 1', '{"a":1}'],
    ['---\na: 1\n...\n# done', '{"a":1}'],
    ['{"b":[1,{"c":null}],"a":true}', '{"a":true,"b":[1,{"c":null}]}'],
    ['a: yes', '{"a":"yes"}'],
    ["a: '000'\nb: 000", '{"a":"000","b":0}'],
    ['a: 2026-11-22', '{"a":"2026-11-22"}'],
    ['a: >-\n  two\n  lines', '{"a":"two lines"}'],
    ['a: 1\r\nb: 2\r\n', '{"a":1,"b":2}'],
  ])('%j is %s', (yaml, canonical) => {
    expect(parsePolicyYaml(yaml).canonical).toBe(canonical);
  });

  it.each([
    ['', 1, 1],
    ['# nothing', 1, 1],
    ['a: 1\na: 2', 2, 1],
    ['a: {b: 1, "b": 2}', 1, 11],
    ['1: x\n"1": y', 2, 1],
    ['a: &x 1\nb: *x', 1, 7],
    ['a: *x', 1, 4],
    ['a: !!str 1', 1, 10],
    ['a: ! x', 1, 6],
    ['a: !foo b', 1, 4],
    ['%YAML 1.1\n---\na: 1', 1, 1],
    ['# c\n%TAG ! tag:x\n---\na: 1', 2, 1],
    ['a: 1\n---\nb: 2', 2, 1],
    ['? [a]\n: 1', 1, 3],
    ['a: 1\n<<: {b: 1}', 2, 1],
    ['a: .inf', 1, 1],
    ['a: "\\ud800"', 1, 1],
    ['a: \ud800', 1, 1],
    ['a: b: c', 1, 4],
    ['a: [1', 1, 6],
    [`${'['.repeat(20)}${']'.repeat(20)}`, 1, 18],
    ['['.repeat(5000), 1, 1],
  ])('%j is refused at its place', (yaml, line, column) => {
    const place = yaml.length > 1000 ? '' : `line ${line}, column ${column}:`;
    expect(() => parsePolicyYaml(yaml)).toThrow(
      expect.objectContaining({
        code: 'ERR_ACCESS_POLICY',
        kind: 'format',
        message: expect.stringContaining(place) as string,
      }),
    );
  });

  it('is at most 256 KiB, counted in UTF-8', () => {
    const refused: unknown = expect.objectContaining({ code: 'ERR_ACCESS_POLICY' });
    expect(() => parsePolicyYaml(fill(POLICY_SIZE_BYTES_MAX))).not.toThrow();
    expect(() => parsePolicyYaml(fill(POLICY_SIZE_BYTES_MAX + 1))).toThrow(refused);
    expect(() => parsePolicyYaml(`a: ${'é'.repeat(POLICY_SIZE_BYTES_MAX / 2)}`)).toThrow(refused);
  });

  it('places each member, and what is missing at what should hold it', () => {
    const { placeOf } = parsePolicyYaml('a:\n  b: [x, y]\n  c:\n    d: 1\n');
    expect(placeOf([])).toStrictEqual({ line: 1, column: 1 });
    expect(placeOf(['a', 'b', 1])).toStrictEqual({ line: 2, column: 10 });
    expect(placeOf(['a', 'c', 'd'])).toStrictEqual({ line: 4, column: 5 });
    expect(placeOf(['a', 'c', 'missing'])).toStrictEqual({ line: 3, column: 3 });
    expect(placeOf(['a', 'b', 7])).toStrictEqual({ line: 2, column: 3 });
    expect(placeOf(['a', 'c', 'd', 'deeper'])).toStrictEqual({ line: 4, column: 5 });
  });

  it('meets any text with a document or a code, and reads its own canonical text alike', () => {
    const piece = fc.constantFrom('|', ...PIECES);
    const text = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
      fc.string({ unit: 'binary', maxLength: 60 }),
    );
    fc.assert(
      fc.property(text, (yaml) => {
        let outcome: string;
        try {
          const { canonical } = parsePolicyYaml(yaml);
          outcome = parsePolicyYaml(canonical).canonical === canonical ? 'same' : 'another';
        } catch (error) {
          outcome = error instanceof VerityError ? error.code : String(error);
        }
        expect(['same', 'ERR_ACCESS_POLICY']).toContain(outcome);
      }),
      { numRuns: 1000 },
    );
  });
});
