import { describe, expect, it } from 'vitest';

import { suggestClass } from '../../src/index.ts';

describe('suggestClass', () => {
  it.each<[string, readonly string[], string, string]>([
    // By values, whatever the name.
    ['a', ['anna@example.com', 'bo@example.org'], 'direct-id', 'token'],
    ['a', ['4111 1111 1111 1111', '378282246310005'], 'chd', 'truncate-pan'],
    ['a', ['192.0.2.1', '2001:db8::1'], 'direct-id', 'ip-prefix'],
    ['a', ['DE89370400440532013000'], 'direct-id', 'token'],
    ['a', ['219-09-9998', '123-45-6789'], 'direct-id', 'token'],
    ['a', ['Anna Smith', 'John Miller'], 'direct-id', 'drop'],
    ['a', ['2020-01-01', '2021-12-31'], 'quasi-id', 'date-part'],
    ['a', ['Norway', 'Japan'], 'quasi-id', 'hierarchy'],
    ['patient', ['d88f994a-5efa-421d-9c40-5f116d2114a6'], 'direct-id', 'surrogate'],
    // By name.
    ['healthcare_expenses', ['12.50'], 'sensitive', 'band'],
    ['city', ['Quincy'], 'quasi-id', 'drop'],
    ['state', ['Vermont'], 'quasi-id', 'keep'],
    ['birthDate', ['1980-02-03'], 'quasi-id', 'date-part'],
    ['zip', ['02155', '90210'], 'quasi-id', 'zip3'],
    ['cvv', ['123', '456'], 'sad', 'drop'],
    ['patient_id', ['17', '18'], 'direct-id', 'surrogate'],
    ['ethnicity', ['nonhispanic'], 'special-category', 'drop'],
    ['notes', ['short'], 'free-text', 'detect-redact'],
    ['last_name', [], 'direct-id', 'drop'],
    // By length.
    [
      'a',
      ['The patient came in with her husband and asked for a second opinion on the matter.'],
      'free-text',
      'detect-redact',
    ],
    ['a', ['red', 'blue'], 'non-personal', 'keep'],
    ['units', ['mg', 'kg'], 'non-personal', 'keep'],
    ['a', ['', ' '], 'non-personal', 'keep'],
  ])('%s with %j is %s: %s', (name, samples, dataClass, use) => {
    expect(suggestClass(name, samples)).toMatchObject({ dataClass, use });
  });

  it('says why, and how surely', () => {
    expect(suggestClass('a', ['anna@example.com', 'x', 'y'])).toMatchObject({ confidence: 0 });
    expect(suggestClass('a', ['a@example.com', 'b@example.com', 'x'])).toMatchObject({
      because: 'EMAIL_ADDRESS',
      confidence: 2 / 3,
    });
  });
});
