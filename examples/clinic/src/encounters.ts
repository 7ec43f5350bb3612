/** Encounters and what was observed in them, in the columns of Synthea's files. */

import { DAYS_PER_YEAR, formatInstant } from './calendar.ts';
import type { Cell } from './csv-text.ts';
import type { Patient } from './patients.ts';
import type { SeededRandom } from './random.ts';

export const ENCOUNTERS_HEADER: string =
  'Id,START,STOP,PATIENT,ORGANIZATION,PROVIDER,PAYER,ENCOUNTERCLASS,CODE,DESCRIPTION,' +
  'BASE_ENCOUNTER_COST,TOTAL_CLAIM_COST,PAYER_COVERAGE,REASONCODE,REASONDESCRIPTION';

export const OBSERVATIONS_HEADER: string =
  'DATE,PATIENT,ENCOUNTER,CATEGORY,CODE,DESCRIPTION,VALUE,UNITS,TYPE';

export interface Encounter {
  readonly id: string;
  readonly patient: Patient;
  readonly day: number;
  readonly start: string;
  /** What brought the patient, in words; null where nothing in particular did. */
  readonly reason: string | null;
  readonly cells: readonly Cell[];
}

/** Organizations, providers and payers that the encounters of one clinic share. */
export interface Directory {
  readonly organizations: readonly string[];
  readonly providers: readonly string[];
  readonly payers: readonly string[];
}

const KINDS = [
  ['wellness', '162673000', 'General examination of patient (procedure)'],
  ['wellness', '410620009', 'Well child visit (procedure)'],
  ['ambulatory', '185345009', 'Encounter for symptom'],
  ['ambulatory', '185347001', 'Encounter for problem'],
  ['outpatient', '185349003', 'Encounter for check up (procedure)'],
  ['ambulatory', '390906007', 'Follow-up encounter'],
  ['emergency', '50849002', 'Emergency room admission (procedure)'],
  ['urgentcare', '702927004', 'Urgent care clinic (procedure)'],
] as const;

const REASONS = [
  ['195662009', 'Acute viral pharyngitis (disorder)'],
  ['444814009', 'Viral sinusitis (disorder)'],
  ['10509002', 'Acute bronchitis (disorder)'],
  ['38341003', 'Hypertension'],
  ['44054006', 'Diabetes'],
  ['15777000', 'Prediabetes'],
  ['195967001', 'Asthma'],
  ['370143000', 'Major depressive disorder'],
  ['55822004', 'Hyperlipidemia'],
  ['239873007', 'Osteoarthritis of knee'],
] as const;

const VISITS_PER_PATIENT_MAX = 8;
const YEARS_OF_RECORDS = 10;

export function createEncounters(
  random: SeededRandom,
  patient: Patient,
  directory: Directory,
): readonly Encounter[] {
  const first = Math.max(
    patient.birthDay,
    patient.lastDay - Math.floor(YEARS_OF_RECORDS * DAYS_PER_YEAR),
  );
  const days = Array.from({ length: random.between(1, VISITS_PER_PATIENT_MAX) }, () =>
    random.between(first, patient.lastDay),
  ).toSorted((a, b) => a - b);
  return days.map((day) => createEncounter(random, { patient, day }, directory));
}

function createEncounter(
  random: SeededRandom,
  { patient, day }: { readonly patient: Patient; readonly day: number },
  directory: Directory,
): Encounter {
  const isChild = patient.age < 18;
  const [kind, code, description] = random.pick(
    KINDS.filter(([, kindCode]) => kindCode !== (isChild ? '162673000' : '410620009')),
  );
  const reason = kind === 'wellness' ? null : random.pick(REASONS);
  const second = random.between(7 * 3600, 18 * 3600);
  const start = formatInstant(day, second);
  const cost = random.between(7000, 15_000);
  const claim = cost + random.between(0, 400_000);
  const id = random.uuid();
  const cells: Cell[] = [
    id,
    start,
    formatInstant(day, second + random.pick([900, 1800, 3600])),
    patient.id,
    random.pick(directory.organizations),
    random.pick(directory.providers),
    random.pick(directory.payers),
    kind,
    code,
    description,
    (cost / 100).toFixed(2),
    (claim / 100).toFixed(2),
    (Math.floor(claim * random.pick([0, 0.5, 0.8])) / 100).toFixed(2),
    reason?.[0] ?? null,
    reason?.[1] ?? null,
  ];
  return { id, patient, day, start, reason: reason?.[1] ?? null, cells };
}

type Measure = readonly [
  code: string,
  description: string,
  units: string,
  low: number,
  high: number,
];

/** Low and high in tenths of the unit. */
const MEASURES: readonly Measure[] = [
  ['8302-2', 'Body Height', 'cm', 1480, 1960],
  ['29463-7', 'Body Weight', 'kg', 450, 1150],
  ['8480-6', 'Systolic Blood Pressure', 'mm[Hg]', 980, 1700],
  ['8462-4', 'Diastolic Blood Pressure', 'mm[Hg]', 600, 1050],
  ['8867-4', 'Heart rate', '/min', 520, 1100],
  ['72514-3', 'Pain severity - 0-10 verbal numeric rating [Score] - Reported', '{score}', 0, 100],
  ['2339-0', 'Glucose', 'mg/dL', 650, 1900],
];

const ANSWERS = [
  [
    '72166-2',
    'Tobacco smoking status',
    ['Never smoker', 'Former smoker', 'Current every day smoker'],
  ],
  ['71802-3', 'Housing status', ['I have housing', 'I do not have housing']],
  ['93030-5', 'Has lack of transportation kept you from medical appointments', ['Yes', 'No']],
] as const;

export function createObservations(
  random: SeededRandom,
  encounter: Encounter,
): readonly (readonly Cell[])[] {
  const { patient, start, id } = encounter;
  const rows: Cell[][] = [];
  for (const [code, description, units, low, high] of MEASURES) {
    if (!random.isHappening(0.6)) continue;
    const value = (random.between(low, high) / 10).toFixed(1);
    rows.push([start, patient.id, id, 'vital-signs', code, description, value, units, 'numeric']);
  }
  if (random.isHappening(0.4)) {
    const [code, description, answers] = random.pick(ANSWERS);
    const value = random.pick<string>(answers);
    rows.push([start, patient.id, id, 'survey', code, description, value, null, 'text']);
  }
  return rows;
}

/** Quality of life, which Synthea states once a year and outside of any encounter. */
export function createLifeQuality(random: SeededRandom, encounter: Encounter): readonly Cell[] {
  const value = (random.between(0, 10) / 10).toFixed(1);
  const { patient, start } = encounter;
  return [start, patient.id, null, null, 'QOLS', 'QOLS', value, '{score}', 'numeric'];
}
