/** Free text as clinicians write it: full of what must not leave. Phone numbers are of the 555-01 range. */

import { DAYS_PER_YEAR, formatDay } from './calendar.ts';
import type { Cell } from './csv-text.ts';
import type { Encounter } from './encounters.ts';
import { FEMALE_NAMES, LAST_NAMES, MALE_NAMES } from './names.ts';
import type { SeededRandom } from './random.ts';

export const NOTES_HEADER: string = 'Id,PATIENT,ENCOUNTER,DATE,TEXT';

interface NoteFacts {
  readonly name: string;
  readonly last: string;
  readonly phone: string;
  readonly age: number;
  readonly they: string;
  readonly daughter: string;
  readonly spouse: string;
  readonly doctor: string;
  readonly reason: string;
  readonly day: string;
}

const TEMPLATES: readonly ((facts: NoteFacts) => string)[] = [
  ({ name, age, reason, they, phone }) =>
    `${name}, ${age}, seen for ${reason}. Feels better since the last visit; ${they} can be reached at ${phone}.`,
  ({ name, daughter, phone, reason }) =>
    `Spoke with ${name}'s daughter ${daughter}, who worries about the ${reason}. Call her back at ${phone}.`,
  ({ last, doctor, reason, day }) =>
    `Patient ${last} referred by Dr. ${doctor} on ${day} because of ${reason}. Reports "sleeping badly".`,
  ({ name, they, phone, doctor }) =>
    `${name} missed the appointment with Dr. ${doctor}. Left a message at ${phone} and ${they} called back.`,
  ({ name, spouse, reason }) =>
    `History of ${reason}.\nEmergency contact: ${spouse}, spouse of ${name}.\nNo known allergies.`,
  ({ name, age, doctor, day }) =>
    `Discharged ${name} (${age}) on ${day}; summary sent to Dr. ${doctor}, who follows up in two weeks.`,
];

export function createNote(random: SeededRandom, encounter: Encounter): readonly Cell[] {
  const { patient, id, day, start, reason } = encounter;
  const facts: NoteFacts = {
    name: `${patient.first} ${patient.last}`,
    last: patient.last,
    phone: patient.phone,
    age: Math.floor((day - patient.birthDay) / DAYS_PER_YEAR),
    they: patient.gender === 'F' ? 'she' : 'he',
    daughter: `${random.pick(FEMALE_NAMES)} ${patient.last}`,
    spouse: `${random.pick(patient.gender === 'F' ? MALE_NAMES : FEMALE_NAMES)} ${patient.last}`,
    doctor: random.pick(LAST_NAMES),
    reason: (reason ?? 'the yearly examination').replace(/ \(disorder\)$/, '').toLowerCase(),
    day: formatDay(day),
  };
  const text = random.pick(TEMPLATES)(facts);
  return [random.uuid(), patient.id, id, start, text];
}
