import { type Value, isValueOf, parseDate, parseTimestamp, toTenantId } from '@veritydb/types';
import * as fc from 'fast-check';
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';

import {
  type ReversibleRule,
  type TransformContext,
  type VisibleRule,
  compileReversal,
  compileTransform,
} from '../src/index.ts';
import { isLuhn } from '../src/luhn.ts';
import { column, context, transform, valuesOf } from './fixtures.ts';

const refusedValue: unknown = expect.objectContaining({ code: 'ERR_PRIVACY_VALUE' });
const refusedRule: unknown = expect.objectContaining({ code: 'ERR_PRIVACY_RULE' });
const elsewhere: readonly Partial<TransformContext>[] = [
  { domain: 'recipient=other' },
  { tenant: toTenantId(2) },
  { table: 'u' },
  { tokenKey: new Uint8Array(32).fill(8) },
];
const digits = { use: 'fpe', alphabet: 'digits' } as const;
const card = { use: 'fpe', alphabet: 'digits', luhn: true } as const;

// S244: pseudonymised by rules. S127: codes that are consistent, and that the controller can undo. S121: by a key. S122: the key of a
// field comes from its tenant's, which comes from the master key.
describe('deterministic and fpe', () => {
  it('deterministic comes back, of every type', () => {
    const rule = { use: 'deterministic' } as const;
    for (const [type, values] of Object.entries(valuesOf)) {
      const of = column(type as keyof typeof valuesOf);
      const back = compileReversal(rule, of, context());
      fc.assert(
        fc.property(values, (value) => {
          const sealed = transform(rule, of, value).value as string;
          expect(sealed).toMatch(/^[A-Za-z0-9_-]{22,}$/);
          expect(transform(rule, of, value).value).toBe(sealed);
          // Decimals and texts come back in their one spelling.
          expect(transform(rule, of, back(sealed)).value).toBe(sealed);
          if (type !== 'decimal' && type !== 'text') expect(back(sealed)).toEqual(value);
        }),
        { numRuns: 20 },
      );
    }
  });

  it.each<[ReversibleRule, string]>([
    [{ use: 'deterministic' }, 'DE89370400440532013000'],
    [digits, '123-45-6789'],
    [card, '4111 1111 1111 1111'],
    [{ use: 'fpe', alphabet: 'digits-upper' }, 'AB 12 CD 34'],
    [{ use: 'fpe', alphabet: 'digits-letters' }, 'aB3dE6gH'],
    [{ use: 'fpe', alphabet: 'digits-lower' }, 'x7-k2p9'],
  ])('%j: of one domain alike, of two never, and back', (rule, value) => {
    const of = column('text');
    const sealed = transform(rule, of, value).value;
    expect(sealed).not.toBe(value);
    expect(transform(rule, of, value).value).toBe(sealed);
    expect(compileReversal(rule, of, context())(sealed)).toBe(value);
    expect(compileReversal(rule, of, context())(null)).toBeNull();
    for (const other of elsewhere) {
      expect(transform(rule, of, value, other).value).not.toBe(sealed);
    }
    const shared = { ...rule, of: 'iban' } as ReversibleRule;
    expect(transform(shared, of, value).value).not.toBe(sealed);
    expect(transform(shared, of, value, { table: 'u' }).value).toBe(
      transform(shared, column('text', null, 'other'), value).value,
    );
  });

  it('text that was not sealed here is refused, whatever it is', () => {
    const back = compileReversal({ use: 'deterministic' }, column('text'), context());
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        expect(() => back(text)).toThrow(refusedValue);
      }),
    );
    const other = transform({ use: 'deterministic' }, column('text'), 'x', elsewhere[0]).value;
    expect(() => back(other)).toThrow(refusedValue);
  });

  it('fpe keeps length, alphabet, layout and the check digit', () => {
    const layout = (text: string): string => text.replaceAll(/\d/g, '0');
    fc.assert(
      fc.property(fc.stringMatching(/^\d{3}[ -]\d{3,12}$/), (text) => {
        const sealed = transform(digits, column('text'), text).value as string;
        expect(layout(sealed)).toBe(layout(text));
      }),
    );
    const sealed = transform(card, column('text'), '4111-1111-1111-1111').value as string;
    expect(isLuhn(Uint8Array.from(sealed.replaceAll('-', ''), Number))).toBe(true);
  });

  it.each<[VisibleRule, string]>([
    [digits, '12345'],
    [digits, '12-34-5'],
    [digits, ''],
    [digits, '1234567x'],
    [digits, '１２３４５６７'],
    [card, '4111111111111112'],
    [card, '123456'],
    [{ use: 'fpe', alphabet: 'digits-lower' }, 'ABCD1234'],
  ])('%j refuses %j: nothing passes through', (rule, text) => {
    expect(() => transform(rule, column('text'), text)).toThrow(refusedValue);
  });

  it.each<VisibleRule>([
    { use: 'fpe', alphabet: 'digits-lower', luhn: true },
    { use: 'fpe', alphabet: 'hex' as 'digits' },
    { use: 'encrypt', to: 'AAAA' },
    { use: 'encrypt', to: '!' },
    { use: 'date-shift', span: 'P180D' },
  ])('%j does not fit a column of text', (rule) => {
    expect(() => transform(rule, column('text'), null)).toThrow(refusedRule);
  });
});

describe('date-shift', () => {
  const subject = column('uuid', null, 'patient');
  const anna = 'd88f994a-5efa-421d-9c40-5f116d2114a6';
  const ben = '00000000-0000-4000-8000-000000000001';
  const rule = { use: 'date-shift', span: 'P180D' } as const;

  it('moves all dates of a subject alike, in every table, and comes back', () => {
    const day = fc.integer({ min: parseDate('1900-01-01'), max: parseDate('2100-01-01') });
    fc.assert(
      fc.property(day, fc.uuid(), fc.constantFrom('t', 'u'), (date, who, table) => {
        const changes = { subject, of: who, table };
        const moved = transform(rule, column('date'), date, changes).value as number;
        const [epoch] = [0].map(
          (zero) => transform(rule, column('date'), zero, { subject, of: who }).value,
        );
        expect(moved - date).toBe(epoch);
        expect(Math.abs(moved - date)).toBeLessThanOrEqual(180);
        const moment = BigInt(date) * 86_400_000_000n + 1n;
        const later = transform(rule, column('timestamp'), moment, changes).value as bigint;
        expect(later - moment).toBe(BigInt(moved - date) * 86_400_000_000n);
        const back = compileReversal(rule, column('date'), context(changes));
        expect(back(moved, { missing: [], subject: who })).toBe(date);
      }),
    );
  });

  it('draws every offset of its span, about as often', () => {
    const counts = new Map<number, number>();
    const compiled = compileTransform(
      { use: 'date-shift', span: 'P2D' },
      column('date'),
      context({ subject: column('integer', null, 'n') }),
    );
    for (let who = 0; who < 5000; who += 1) {
      const offset = compiled.apply(0, { missing: [], subject: who }).value as number;
      counts.set(offset, (counts.get(offset) ?? 0) + 1);
    }
    expect([...counts.keys()].toSorted((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    // Five in a thousand of chance would leave 1,000 ± 100; the draw is fixed, so this cannot flicker.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it('differs by subject and domain', () => {
    const shift = (of: Value, changes: Partial<TransformContext> = {}): Value =>
      transform(rule, column('date'), 0, { subject, of, ...changes }).value;
    expect(shift(anna)).not.toBe(shift(ben));
    expect(shift(anna)).not.toBe(shift(anna, { domain: 'recipient=other' }));
  });

  it('needs a subject, a span and a calendar', () => {
    expect(() => transform(rule, column('date'), 0, { subject: null })).toThrow(refusedRule);
    expect(() => transform(rule, column('date'), 0, { subject, of: null })).toThrow(refusedValue);
    expect(() =>
      transform({ use: 'date-shift', span: 'P9999D' }, column('date'), 0, { subject }),
    ).toThrow(refusedRule);
    const ends = ['0001-01-01T00:00:00Z', '9999-12-31T00:00:00Z'].map(parseTimestamp);
    const outcomes = ends.map((end) => {
      try {
        const moved = transform(rule, column('timestamp'), end, { subject, of: anna }).value;
        return isValueOf('timestamp', moved) ? 'moved' : 'wrong';
      } catch (error) {
        expect(error).toEqual(refusedValue);
        return 'refused';
      }
    });
    expect([...outcomes].toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['moved', 'refused']);
  });
});

// S251
describe('encrypt', () => {
  it('any JOSE library opens it with the recipient’s key, and with no other', async () => {
    const pair = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true });
    const other = await generateKeyPair('ECDH-ES', { crv: 'X25519' });
    const { x: to = '' } = await exportJWK(pair.publicKey);
    for (const [type, value, json] of [
      ['text', 'Ærøskøbing', '"Ærøskøbing"'],
      ['integer', 7, '7'],
      ['date', 0, '"1970-01-01"'],
    ] as const) {
      const sealed = transform({ use: 'encrypt', to }, column(type), value).value as string;
      const { plaintext, protectedHeader } = await compactDecrypt(sealed, pair.privateKey);
      expect(new TextDecoder().decode(plaintext)).toBe(json);
      expect(protectedHeader).toMatchObject({ alg: 'ECDH-ES', enc: 'A256GCM' });
      await expect(compactDecrypt(sealed, other.privateKey)).rejects.toThrow();
    }
  });

  it('equal cells differ, and a disclosure that is made again is the same', () => {
    const to = Buffer.from(new Uint8Array(32).fill(9)).toString('base64url');
    const make = (changes: Partial<TransformContext> = {}, name = 'c'): Value[] => {
      const compiled = compileTransform(
        { use: 'encrypt', to },
        column('text', null, name),
        context(changes),
      );
      return ['a', 'a', 'b'].map((value) => compiled.apply(value, { missing: [] }).value);
    };
    const first = make();
    expect(new Set(first).size).toBe(3);
    expect(make()).toEqual(first);
    const headers = [first, make({ seed: () => new Uint8Array(32) }), make({}, 'd')].map(
      ([cell]) => (cell as string).split('.')[0],
    );
    expect(new Set(headers).size).toBe(3);
  });

  it('NULL stays NULL, and asks for no seed', () => {
    const to = Buffer.from(new Uint8Array(32).fill(9)).toString('base64url');
    const seed = (): Uint8Array => {
      throw new Error('asked');
    };
    const compiled = compileTransform({ use: 'encrypt', to }, column('text'), context({ seed }));
    expect(compiled.apply(null, { missing: [] }).value).toBeNull();
    expect(() => compiled.apply('x', { missing: [] })).toThrow('asked');
  });
});
