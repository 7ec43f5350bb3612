/**
 * A sample clinic in the layout of Synthea's CSV files: patients, encounters, observations, and notes
 * with names and phone numbers inside the text. Deterministic: a seed and a count make one clinic.
 */

import { type Cell, formatCsv } from './csv-text.ts';
import {
  type Directory,
  ENCOUNTERS_HEADER,
  OBSERVATIONS_HEADER,
  createEncounters,
  createLifeQuality,
  createObservations,
} from './encounters.ts';
import { NOTES_HEADER, createNote } from './notes.ts';
import { PATIENTS_HEADER, createPatient } from './patients.ts';
import { SeededRandom } from './random.ts';

export interface ClinicOptions {
  /** Any whole number; its lower 32 bits count. */
  readonly seed: number;
  /** How many patients. */
  readonly patients: number;
}

/** Texts of the files by name: `patients.csv`, `encounters.csv`, `observations.csv`, `notes.csv`. */
export type Clinic = ReadonlyMap<string, string>;

const NOTE_SHARE = 0.5;
const LIFE_QUALITY_SHARE = 0.15;

export function generateClinic({ seed, patients: count }: ClinicOptions): Clinic {
  const random = new SeededRandom(seed);
  const ids = (length: number): string[] => Array.from({ length }, () => random.uuid());
  const directory: Directory = { organizations: ids(4), providers: ids(12), payers: ids(6) };
  const patients: (readonly Cell[])[] = [];
  const encounters: (readonly Cell[])[] = [];
  const observations: (readonly Cell[])[] = [];
  const notes: (readonly Cell[])[] = [];
  for (let index = 0; index < count; index += 1) {
    const patient = createPatient(random, index);
    patients.push(patient.cells);
    for (const encounter of createEncounters(random, patient, directory)) {
      encounters.push(encounter.cells);
      observations.push(...createObservations(random, encounter));
      if (random.isHappening(LIFE_QUALITY_SHARE)) {
        observations.push(createLifeQuality(random, encounter));
      }
      if (random.isHappening(NOTE_SHARE)) notes.push(createNote(random, encounter));
    }
  }
  return new Map([
    ['patients.csv', formatCsv(PATIENTS_HEADER, patients)],
    ['encounters.csv', formatCsv(ENCOUNTERS_HEADER, encounters)],
    ['observations.csv', formatCsv(OBSERVATIONS_HEADER, observations)],
    ['notes.csv', formatCsv(NOTES_HEADER, notes)],
  ]);
}
