import { GUARD_KINDS, GUARD_KINDS_DEFAULT, GUARD_MARK, compileGuard } from '@veritydb/privacy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const guard = compileGuard(GUARD_KINDS_DEFAULT);
const whole = compileGuard(GUARD_KINDS);

describe('the guard of text', () => {
  it.each([
    ['219-09-8765', '[US_SSN]'],
    ['DE89370400440532013000', '[IBAN_CODE]'],
    ['gb82 west 1234 5698 7654 32', '[IBAN_CODE]'],
    ['378282246310005', '[CREDIT_CARD]'],
    ['5555 5555 5555 4444', '[CREDIT_CARD]'],
    ['6011-1111-1111-1117', '[CREDIT_CARD]'],
    ["o'neil+x@mail.example", '[EMAIL_ADDRESS]'],
    ['+44 20 7946 0958', '[PHONE_NUMBER]'],
    ['(617) 555-0143', '[PHONE_NUMBER]'],
    ['617-555-0143', '[PHONE_NUMBER]'],
  ])('finds %s', (text, mark) => {
    expect(guard(text)).toBe(mark);
    expect(guard(`Of: ${text}, told.`)).toBe(`Of: ${mark}, told.`);
  });

  // SNOMED CT, LOINC, ICD-10, RxNorm, NDC, CVX, OIDs, quantities, versions, ids.
  it.each([
    '185349003',
    '132281000119108',
    '16335031000119103',
    '8302-2',
    'E11.9',
    '0409-1234-01',
    '00409123401',
    '2.16.840.1.113883.6.96',
    '120/80 mmHg, 98.6 F, 1,234.56',
    '2020-01-01T12:30:00Z',
    '4d1f0a10-77aa-4bcd-8e1f-90ab12cd3410',
    '1234567812345670',
    'http://snomed.info/sct',
    'version 10.2.0.1',
    'Encounter for check up (procedure)',
    '000-12-3456',
    'DE89370400440532013001',
    '4111111111111112',
  ])('leaves %s', (text) => {
    expect(guard(text)).toBe(text);
  });

  it('finds addresses of the web and of machines only where they are asked for', () => {
    expect(whole('see https://example.com/in/ada at 192.0.2.7')).toBe('see [URL] at [IP_ADDRESS]');
    expect(guard('see https://example.com/in/ada at 192.0.2.7')).toContain('192.0.2.7');
  });

  it('finds nothing in what it masked, and changes nothing without a mark', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const masked = whole(`${text} ada@mail.example ${text}`);
        expect(GUARD_MARK.test(masked)).toBe(true);
        expect(masked).not.toContain('ada@mail.example');
        expect(whole(masked)).toBe(masked);
      }),
      { numRuns: 200 },
    );
  });
});
