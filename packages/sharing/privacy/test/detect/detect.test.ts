import { requireShared, loadJson } from '@veritydb/testkit';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isCardNumber, isIban, isSocialSecurityNumber } from '../../src/detect/checks.ts';
import { detectEntities, redact } from '../../src/index.ts';
import { transform, column } from '../fixtures.ts';
import { SpanMetric } from './span-metric.ts';

function found(text: string): readonly string[] {
  return detectEntities(text).map(({ type, start, end }) => `${type} ${text.slice(start, end)}`);
}

describe('numbers with check digits', () => {
  it.each([
    ['4111111111111111', true],
    ['3782 822463 10005', true],
    ['4111-1111-1111-1111', true],
    ['4111111111111112', false],
    ['1111111111111111', false],
    ['41111111111', false],
  ])('card %s: %s', (text, expected) => {
    expect(isCardNumber(text)).toBe(expected);
  });

  // ISO 13616, examples of the registry.
  it.each([
    ['GB29 NWBK 6016 1331 9268 19', true],
    ['DE89370400440532013000', true],
    ['no9386011117947', true],
    ['GB29NWBK60161331926818', false],
    ['DE8937040044053201300', false],
    ['ZZ89370400440532013000', false],
  ])('IBAN %s: %s', (text, expected) => {
    expect(isIban(text)).toBe(expected);
  });

  it.each([
    ['219-09-9998', true],
    ['219-09-9999', false],
    ['078-05-1120', false],
    ['000-12-3456', false],
    ['666-12-3456', false],
    ['900-12-3456', false],
    ['123-00-4567', false],
    ['123-45-0000', false],
  ])('SSN %s: %s', (text, expected) => {
    expect(isSocialSecurityNumber(text)).toBe(expected);
  });
});

describe('a text', () => {
  it.each<[string, readonly string[]]>([
    ['Mail anna.lee+x@mail.example.co.uk.', ['EMAIL_ADDRESS anna.lee+x@mail.example.co.uk']],
    ['See http://example.com/a?b=c.', ['URL http://example.com/a?b=c']],
    ['from 192.0.2.7 to 2001:db8::1', ['IP_ADDRESS 192.0.2.7', 'IP_ADDRESS 2001:db8::1']],
    ['not an address: 256.1.1.1, nor version 1.2.3.4', []],
    ['IBAN DE89 3704 0044 0532 0130 00, thanks', ['IBAN_CODE DE89 3704 0044 0532 0130 00']],
    ['card 4111-1111-1111-1111 exp 12/27', ['CREDIT_CARD 4111-1111-1111-1111']],
    ['order 4111111111111112 is on its way', []],
    ['card 4111 1111 1111 1111 12/27 is mine', ['CREDIT_CARD 4111 1111 1111 1111']],
    ['pay GB82 WEST 1234 5698 7654 32 please', ['IBAN_CODE GB82 WEST 1234 5698 7654 32']],
    ['my ssn is 219-09-9998', ['US_SSN 219-09-9998']],
    ['call (212) 555-0199 ext. 12', ['PHONE_NUMBER (212) 555-0199 ext. 12']],
    ['my passport number is C03005988', ['ID_NUMBER C03005988']],
    ['admitted on 2020-03-04 at 10:30', ['DATE_TIME 2020-03-04', 'DATE_TIME 10:30']],
    ['a 45-year-old woman from Ohio', ['AGE 45', 'LOCATION Ohio']],
    ['I just turned 47', ['AGE 47']],
    ['It lasted 45 minutes and cost 1,234.56 dollars.', []],
    ['hello my name is ramesh gupta', ['PERSON ramesh gupta']],
    ['We met Dr. Åsa Öberg-Lindh today.', ['TITLE Dr.', 'PERSON Åsa Öberg-Lindh']],
    [
      'Live at 12 High Street, Oxford OX1 4AB',
      ['STREET_ADDRESS 12 High Street', 'LOCATION Oxford', 'ZIP_CODE OX1 4AB'],
    ],
    [
      'Send it to 28245 Puruntie 82 Apt. 595, Lappeenranta 53650',
      ['STREET_ADDRESS 28245 Puruntie 82 Apt. 595', 'LOCATION Lappeenranta', 'ZIP_CODE 53650'],
    ],
    ['From Brandt Ltd. Is that so?', ['ORGANIZATION Brandt Ltd.']],
    ['I work for Civic Impulse LLC', ['ORGANIZATION Civic Impulse LLC']],
    ['I am bruneian', ['NRP bruneian']],
    ['How do I open my credit card statement?', []],
    ['Please send the report by Friday.', []],
    ['', []],
  ])('%j has %j', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });

  it('whatever it is: findings lie in it, in order, apart', () => {
    const word = fc.constantFrom(
      'Anna',
      'the',
      '12',
      'St.',
      'Apt.',
      '@',
      '\n',
      ',',
      'de',
      '4111',
      '::',
      '-',
      'IBAN',
      '’s',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        let last = 0;
        for (const { start, end, score } of detectEntities(text)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          expect(score).toBeGreaterThan(0);
          expect(score).toBeLessThanOrEqual(1);
          last = end;
        }
        expect(last).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 300 },
    );
  });

  it('can be asked for some kinds, and for sure ones', () => {
    const text = 'Anna Smith, anna@example.com';
    expect(detectEntities(text, { entities: ['EMAIL_ADDRESS'] })).toHaveLength(1);
    expect(detectEntities(text, { scoreMin: 0.99 })).toMatchObject([{ type: 'EMAIL_ADDRESS' }]);
  });
});

// S123, S245: redaction of free text, by rules. S269: and of itself.
describe('detect-redact', () => {
  const redacted = (rule: object, text: string): unknown =>
    transform({ use: 'detect-redact', ...rule }, column('text'), text).value;

  it('puts the kind in place of what was found', () => {
    expect(redacted({}, 'Hi Anna, mail bo@example.com')).toBe('Hi [PERSON], mail [EMAIL_ADDRESS]');
    expect(redacted({ entities: ['EMAIL_ADDRESS'] }, 'Hi Anna, mail bo@example.com')).toBe(
      'Hi Anna, mail [EMAIL_ADDRESS]',
    );
    expect(redacted({ patterns: ['case-[0-9]+'] }, 'about case-77 now')).toBe('about [CUSTOM] now');
    expect(redact('abc', [])).toBe('abc');
  });

  it.each([['(a)\\1'], ['(?=a)b'], ['('], ['a*'], ['']])('refuses the pattern %s', (pattern) => {
    expect(() => redacted({ patterns: [pattern] }, 'x')).toThrow(
      expect.objectContaining({ code: 'ERR_PRIVACY_RULE' }),
    );
  });

  it('a pattern that hangs others takes linear time', () => {
    // Exponential in a backtracking engine: this test would never end.
    expect(redacted({ patterns: ['(a+)+$'] }, `${'a'.repeat(50_000)}!`)).toBeTypeOf('string');
  });
});

interface Sample {
  readonly full_text: string;
  readonly spans: readonly {
    readonly entity_type: string;
    readonly start_position: number;
    readonly end_position: number;
  }[];
}

const shared = requireShared('personal data in sentences, against published figures');

describe.runIf(shared !== undefined)('synthetic sentences of presidio-research', () => {
  it('F2 of 0.70 at least, and nothing with a checksum is missed', () => {
    const samples = loadJson(shared as string, 'data/pii/synth-development.json') as Sample[];
    const metric = new SpanMetric();
    for (const { full_text: text, spans } of samples) {
      const annotated = spans.map((span) => ({
        type: span.entity_type,
        start: span.start_position,
        end: span.end_position,
      }));
      metric.add(text, annotated, detectEntities(text));
    }
    // Vanilla Presidio: P 0.685, R 0.603, F2 0.618; with a transformer model: 0.870, 0.839, 0.845.
    expect(metric.f2).toBeGreaterThan(0.9);
    expect(metric.precision).toBeGreaterThan(0.8);
    for (const type of [
      'EMAIL_ADDRESS',
      'DOMAIN_NAME',
      'US_SSN',
      'IP_ADDRESS',
      'IBAN_CODE',
      'CREDIT_CARD',
    ]) {
      expect(metric.recallOf(type), type).toBeGreaterThanOrEqual(0.99);
    }
    expect(metric.recallOf('PHONE_NUMBER')).toBeGreaterThan(0.9);
    expect(metric.recallOf('AGE')).toBeGreaterThan(0.9);
  });
});
