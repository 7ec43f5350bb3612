import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { generateClinic } from '../src/index.ts';
import { FEMALE_NAMES, LAST_NAMES, MALE_NAMES } from '../src/names.ts';

const FILES = ['patients.csv', 'encounters.csv', 'observations.csv', 'notes.csv'];

/** Files without quoted fields: a split by commas reads them. */
function readPlain(text: string): Record<string, string>[] {
  const [header = '', ...lines] = text.trimEnd().split('\n');
  const names = header.split(',');
  return lines.map((line) => {
    const fields = line.split(',');
    expect(fields.length).toBe(names.length);
    return Object.fromEntries(names.map((name, index) => [name, fields[index] ?? '']));
  });
}

const clinic = generateClinic({ seed: 7, patients: 300 });
const patients = readPlain(clinic.get('patients.csv') as string);
const encounters = readPlain(clinic.get('encounters.csv') as string);
const observations = readPlain(clinic.get('observations.csv') as string);
const notes = clinic.get('notes.csv') as string;

describe('generateClinic', () => {
  it('makes the same clinic for the same seed', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 12 }), (seed, count) => {
        const options = { seed, patients: count };
        expect(generateClinic(options)).toEqual(generateClinic(options));
      }),
      { numRuns: 20 },
    );
    expect(generateClinic({ seed: 8, patients: 300 })).not.toEqual(clinic);
  });

  it('is pinned: a seed that was published stays what it was', () => {
    const digest = createHash('sha256');
    for (const text of generateClinic({ seed: 1, patients: 20 }).values()) digest.update(text);
    expect(digest.digest('hex')).toBe(
      '7522680a5a825fdbc2499f8995c45c024e6464b0d866fdddc3496607b899d257',
    );
  });

  it('has the files of Synthea, without carriage returns', () => {
    expect([...clinic.keys()]).toEqual(FILES);
    for (const text of clinic.values()) {
      expect(text).not.toContain('\r');
      expect(text.endsWith('\n')).toBe(true);
    }
  });

  it('has 200 first and 200 last names', () => {
    expect(new Set([...FEMALE_NAMES, ...MALE_NAMES]).size).toBe(200);
    expect(new Set(LAST_NAMES).size).toBe(200);
  });

  it('has no social security number that could be anybody’s, and none twice', () => {
    expect(patients.length).toBe(300);
    for (const { SSN } of patients) expect(SSN).toMatch(/^999-\d{2}-\d{4}$/);
    expect(new Set(patients.map(({ SSN }) => SSN)).size).toBe(300);
    expect(new Set(patients.map(({ Id }) => Id)).size).toBe(300);
  });

  it('has what Safe Harbor treats apart: ages above 89 and thinly peopled ZIP3s', () => {
    expect(patients.some(({ BIRTHDATE }) => (BIRTHDATE as string) < '1934-06-30')).toBe(true);
    const zip3s = new Set(patients.map(({ ZIP }) => (ZIP as string).slice(0, 3)));
    for (const zip3 of ['036', '821', '021', '']) expect(zip3s).toContain(zip3);
  });

  it('keeps its references and its order of time', () => {
    const births = new Map(patients.map(({ Id, BIRTHDATE }) => [Id, BIRTHDATE as string]));
    const ids = new Set(encounters.map(({ Id }) => Id));
    for (const { PATIENT, START, STOP } of encounters) {
      const birth = births.get(PATIENT);
      expect(birth).toBeDefined();
      expect((START as string).slice(0, 10) >= (birth as string)).toBe(true);
      expect((STOP as string) > (START as string)).toBe(true);
    }
    for (const { PATIENT, ENCOUNTER } of observations) {
      expect(births.has(PATIENT)).toBe(true);
      expect(ENCOUNTER === '' || ids.has(ENCOUNTER)).toBe(true);
    }
    expect(observations.some(({ ENCOUNTER }) => ENCOUNTER === '')).toBe(true);
  });

  it('writes names and phone numbers into notes', () => {
    const lasts = new Set(patients.map(({ LAST }) => LAST as string));
    expect([...lasts].filter((last) => notes.includes(last)).length).toBeGreaterThan(50);
    expect(notes).toMatch(/\(\d{3}\) 555-01\d{2}/);
    expect(notes).toContain('""sleeping badly""');
  });
});
