/** Patients in the columns of Synthea's patients.csv. */

import { DAYS_PER_YEAR, LAST_DAY, formatDay } from './calendar.ts';
import type { Cell } from './csv-text.ts';
import { FEMALE_NAMES, LAST_NAMES, MALE_NAMES, STREETS, STREET_KINDS } from './names.ts';
import { PLACES } from './places.ts';
import type { SeededRandom } from './random.ts';

export const PATIENTS_HEADER: string =
  'Id,BIRTHDATE,DEATHDATE,SSN,DRIVERS,PASSPORT,PREFIX,FIRST,LAST,SUFFIX,MAIDEN,MARITAL,RACE,ETHNICITY,' +
  'GENDER,BIRTHPLACE,ADDRESS,CITY,STATE,COUNTY,ZIP,LAT,LON,HEALTHCARE_EXPENSES,HEALTHCARE_COVERAGE';

export interface Patient {
  readonly id: string;
  readonly first: string;
  readonly last: string;
  readonly gender: 'F' | 'M';
  /** In whole years on the clinic's last day, or on the day of death. */
  readonly age: number;
  readonly birthDay: number;
  /** The last day on which something can have happened to the patient. */
  readonly lastDay: number;
  readonly isDead: boolean;
  readonly phone: string;
  readonly cells: readonly Cell[];
}

/** One in so many is older than 89, so that each clinic has some. */
const OLDEST_EVERY = 12;

/** The index makes the social security number: 999 is never issued, and no two are the same. */
export function createPatient(random: SeededRandom, index: number): Patient {
  const gender = random.isHappening(0.52) ? 'F' : 'M';
  const years = index % OLDEST_EVERY === 4 ? random.between(90, 104) : random.between(0, 89);
  const birthDay = LAST_DAY - Math.floor(years * DAYS_PER_YEAR) - random.between(1, 364);
  const isDead = random.isHappening(years > 75 ? 0.25 : 0.03);
  const lastDay = isDead
    ? LAST_DAY - random.between(0, Math.min(700, LAST_DAY - birthDay))
    : LAST_DAY;
  const age = Math.floor((lastDay - birthDay) / DAYS_PER_YEAR);
  const first = random.pick(gender === 'F' ? FEMALE_NAMES : MALE_NAMES);
  const last = random.pick(LAST_NAMES);
  const id = random.uuid();
  const phone = `(${random.pick(['617', '413', '207', '603', '802'])}) 555-01${random.digits(2)}`;
  const cells: Cell[] = [
    id,
    formatDay(birthDay),
    isDead ? formatDay(lastDay) : null,
    `999-${String(10 + (Math.floor(index / 9000) % 90))}-${String(1000 + (index % 9000))}`,
    age >= 16 ? `S999${random.digits(5)}` : null,
    age >= 18 && random.isHappening(0.6) ? `X${random.digits(8)}X` : null,
    ...nameCells(random, { first, last, gender, age }),
    random.pick(['white', 'white', 'white', 'black', 'asian', 'native', 'hawaiian', 'other']),
    random.isHappening(0.15) ? 'hispanic' : 'nonhispanic',
    gender,
    ...placeCells(random),
    (random.between(50_000, 120_000_000) / 100).toFixed(2),
    (random.between(0, 5_000_000) / 100).toFixed(2),
  ];
  return { id, first, last, gender, age, birthDay, lastDay, isDead, phone, cells };
}

type Named = Pick<Patient, 'first' | 'last' | 'gender' | 'age'>;

/** PREFIX, FIRST, LAST, SUFFIX, MAIDEN, MARITAL. */
function nameCells(random: SeededRandom, { first, last, gender, age }: Named): readonly Cell[] {
  if (age < 18) return [null, first, last, null, null, null];
  const marital = random.pick(age < 30 ? ['S', 'S', 'M'] : ['M', 'M', 'M', 'D', 'S', 'W']);
  const wasMarried = marital !== 'S';
  const prefix = gender === 'M' ? 'Mr.' : wasMarried ? 'Mrs.' : 'Ms.';
  const suffix = random.isHappening(0.03) ? random.pick(['MD', 'PhD', 'JD']) : null;
  const maiden = gender === 'F' && wasMarried ? random.pick(LAST_NAMES) : null;
  return [prefix, first, last, suffix, maiden, marital];
}

/** BIRTHPLACE, ADDRESS, CITY, STATE, COUNTY, ZIP, LAT, LON. */
function placeCells(random: SeededRandom): readonly Cell[] {
  const birth = random.pick(PLACES);
  const home = random.pick(PLACES);
  const street = `${random.between(1, 1200)} ${random.pick(STREETS)} ${random.pick(STREET_KINDS)}`;
  const unit = random.isHappening(0.3) ? ` Unit ${random.between(1, 80)}` : '';
  return [
    `${birth.city}  ${birth.state}  US`,
    street + unit,
    home.city,
    home.state,
    home.county,
    // Synthea leaves one in three empty.
    random.isHappening(0.1) ? null : home.zip,
    (home.latitude + random.between(-400, 400) / 10_000).toFixed(6),
    (home.longitude + random.between(-400, 400) / 10_000).toFixed(6),
  ];
}
