import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { generateClinic } from '../src/index.ts';
import { FEMALE_NAMES, LAST_NAMES, MALE_NAMES } from '../src/names.ts';

const FILES = ['patients.csv', 'encounters.csv', 'observations.csv', 'notes.csv'];

/** Files without quoted fields: a split by commas reads them. */
function readPlain<Name extends string>(
  file: string,
  names: readonly Name[],
): readonly Readonly<Record<Name, string>>[] {
  const [header = '', ...lines] = (clinic.get(file) ?? '').trimEnd().split('\n');
  const columns = header.split(',');
  for (const name of names) expect(columns).toContain(name);
  return lines.map((line) => {
    const fields = line.split(',');
    expect(fields.length).toBe(columns.length);
    const entries = columns.map((column, index) => [column, fields[index]] as const);
    return Object.fromEntries(entries) as Record<Name, string>;
  });
}

const clinic = generateClinic({ seed: 7, patients: 300 });
const patients = readPlain('patients.csv', ['Id', 'SSN', 'BIRTHDATE', 'ZIP', 'LAST']);
const encounters = readPlain('encounters.csv', ['Id', 'PATIENT', 'START', 'STOP']);
const observations = readPlain('observations.csv', ['PATIENT', 'ENCOUNTER']);
const notes = clinic.get('notes.csv') ?? '';

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
    const texts = [...generateClinic({ seed: 1, patients: 20 }).values()];
    expect(texts.map((text) => text.length)).toEqual([5244, 29943, 68618, 12003]);
    expect(texts[1]?.trimEnd().split('\n').at(-1)).toBe(
      '8da398df-828e-4d5f-8867-a998dcb67464,2023-12-12T08:11:51Z,2023-12-12T08:41:51Z,2b52281e-1b30-4b51-8c51-0d6304246547,15ac157d-e35f-4395-b08d-4d7b842eb699,69abce15-77e2-4153-8efe-e2e94b231143,353c04c3-c3ae-4ba6-b493-948f0ce3193b,emergency,50849002,Emergency room admission (procedure),116.27,2456.71,0.00,44054006,Diabetes',
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
    expect(patients.some(({ BIRTHDATE }) => BIRTHDATE < '1934-06-30')).toBe(true);
    const zip3s = new Set(patients.map(({ ZIP }) => ZIP.slice(0, 3)));
    for (const zip3 of ['036', '821', '021', '']) expect(zip3s).toContain(zip3);
  });

  it('keeps its references and its order of time', () => {
    const births = new Map(patients.map(({ Id, BIRTHDATE }) => [Id, BIRTHDATE]));
    const ids = new Set(encounters.map(({ Id }) => Id));
    for (const { PATIENT, START, STOP } of encounters) {
      const birth = births.get(PATIENT);
      expect(birth).toBeDefined();
      expect(START.slice(0, 10) >= (birth ?? '')).toBe(true);
      expect(STOP > START).toBe(true);
    }
    for (const { PATIENT, ENCOUNTER } of observations) {
      expect(births.has(PATIENT)).toBe(true);
      expect(ENCOUNTER === '' || ids.has(ENCOUNTER)).toBe(true);
    }
    expect(observations.some(({ ENCOUNTER }) => ENCOUNTER === '')).toBe(true);
  });

  it('writes names and phone numbers into notes', () => {
    const lasts = new Set(patients.map(({ LAST }) => LAST));
    expect([...lasts].filter((last) => notes.includes(last)).length).toBeGreaterThan(50);
    expect(notes).toMatch(/\(\d{3}\) 555-01\d{2}/);
    expect(notes).toContain('""sleeping badly""');
  });
});
