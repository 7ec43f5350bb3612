/**
 * FHIR R4 (4.0.1) resources as tables: what most systems export of patients and their care. Names of
 * tables and columns are those of the policies for health, where they have one.
 */

import { type Mapping, parseMapping } from './mapping-file.ts';

const US_CORE = 'http://hl7.org/fhir/us/core/StructureDefinition';
const STANDARD = 'http://hl7.org/fhir/StructureDefinition';

const reference = (path: string) => ({ path, as: 'reference' });
const timestamp = (...path: string[]) => ({ path, as: 'timestamp' });
const date = (...path: string[]) => ({ path, as: 'date' });
const coding = (member: string, item = ''): string => `${member}${item}.coding[0].code`;
const wording = (member: string, item = '') => ({
  path: [`${member}${item}.text`, `${member}${item}.coding[0].display`],
});

const SUBJECT = {
  patient: reference('subject.reference'),
  encounter: reference('encounter.reference'),
};
const CODED = { code: coding('code'), description: wording('code') };

/** Values of Observation.value[x] and of its components, by type. */
const MEASURED = {
  value: {
    path: [
      'valueQuantity.value',
      'valueCodeableConcept.text',
      'valueCodeableConcept.coding[0].display',
      'valueString',
      'valueInteger',
      'valueBoolean',
      'valueDateTime',
      'valueTime',
    ],
  },
  units: 'valueQuantity.unit',
};

const PATIENT = {
  id: 'id',
  birthdate: 'birthDate',
  deathdate: date('deceasedDateTime'),
  ssn: 'identifier[system=http://hl7.org/fhir/sid/us-ssn].value',
  drivers: 'identifier[system=urn:oid:2.16.840.1.113883.4.3.25].value',
  prefix: 'name[0].prefix[0]',
  first: 'name[0].given[0]',
  last: 'name[0].family',
  suffix: 'name[0].suffix[0]',
  maiden: 'name[use=maiden].family',
  phone: 'telecom[system=phone].value',
  email: 'telecom[system=email].value',
  marital: coding('maritalStatus'),
  race: `extension[url=${US_CORE}/us-core-race].extension[url=text].valueString`,
  ethnicity: `extension[url=${US_CORE}/us-core-ethnicity].extension[url=text].valueString`,
  gender: 'gender',
  birthplace: `extension[url=${STANDARD}/patient-birthPlace].valueAddress.city`,
  address: 'address[0].line[0]',
  city: 'address[0].city',
  state: 'address[0].state',
  county: 'address[0].district',
  zip: 'address[0].postalCode',
  country: 'address[0].country',
};

const ENCOUNTER = {
  id: 'id',
  start: timestamp('period.start'),
  stop: timestamp('period.end'),
  patient: SUBJECT.patient,
  organization: reference('serviceProvider.reference'),
  provider: reference('participant[0].individual.reference'),
  encounterclass: 'class.code',
  code: coding('type', '[0]'),
  description: wording('type', '[0]'),
  reasoncode: coding('reasonCode', '[0]'),
  reasondescription: wording('reasonCode', '[0]'),
};

const OBSERVATION = {
  id: 'id',
  date: timestamp('effectiveDateTime', 'effectivePeriod.start', 'effectiveInstant', 'issued'),
  ...SUBJECT,
  status: 'status',
  category: coding('category', '[0]'),
  ...CODED,
  ...MEASURED,
};

const COMPONENT = {
  observation: '^.id',
  number: '#',
  patient: reference('^.subject.reference'),
  ...CODED,
  ...MEASURED,
};

const CONDITION = {
  id: 'id',
  start: timestamp('onsetDateTime', 'onsetPeriod.start', 'recordedDate'),
  stop: timestamp('abatementDateTime', 'abatementPeriod.end'),
  ...SUBJECT,
  status: coding('clinicalStatus'),
  ...CODED,
};

const MEDICATION = {
  id: 'id',
  date: timestamp('authoredOn'),
  ...SUBJECT,
  status: 'status',
  intent: 'intent',
  code: coding('medicationCodeableConcept'),
  description: wording('medicationCodeableConcept'),
  provider: reference('requester.reference'),
};

const PROCEDURE = {
  id: 'id',
  date: timestamp('performedDateTime', 'performedPeriod.start'),
  ...SUBJECT,
  status: 'status',
  ...CODED,
};

const IMMUNIZATION = {
  id: 'id',
  date: timestamp('occurrenceDateTime'),
  patient: reference('patient.reference'),
  encounter: SUBJECT.encounter,
  status: 'status',
  code: coding('vaccineCode'),
  description: wording('vaccineCode'),
};

const ALLERGY = {
  id: 'id',
  start: timestamp('onsetDateTime', 'recordedDate'),
  patient: reference('patient.reference'),
  encounter: SUBJECT.encounter,
  criticality: 'criticality',
  ...CODED,
};

/** Built with the parser that reads those of others. */
export const FHIR_R4: Mapping = parseMapping(
  {
    format: 'veritydb.dev/mapping/v1',
    tables: {
      patients: { where: { resourceType: 'Patient' }, columns: PATIENT },
      encounters: { where: { resourceType: 'Encounter' }, columns: ENCOUNTER },
      observations: { where: { resourceType: 'Observation' }, columns: OBSERVATION },
      observation_components: {
        where: { resourceType: 'Observation' },
        each: 'component',
        columns: COMPONENT,
      },
      conditions: { where: { resourceType: 'Condition' }, columns: CONDITION },
      medications: { where: { resourceType: 'MedicationRequest' }, columns: MEDICATION },
      procedures: { where: { resourceType: 'Procedure' }, columns: PROCEDURE },
      immunizations: { where: { resourceType: 'Immunization' }, columns: IMMUNIZATION },
      allergies: { where: { resourceType: 'AllergyIntolerance' }, columns: ALLERGY },
    },
  },
  'FHIR R4',
);

const OF_THE_PATIENT = `patient TEXT NOT NULL DATA CLASS direct_id,
  encounter TEXT DATA CLASS direct_id`;
const CODED_COLUMNS = `code TEXT DATA CLASS sensitive,
  description TEXT DATA CLASS sensitive`;
const when = (column: string): string =>
  `${column} TIMESTAMP DATA CLASS quasi_id LADDER 'timestamp'`;
const KEY = 'id TEXT NOT NULL PRIMARY KEY DATA CLASS direct_id';

/** Ids of FHIR are letters, digits, dots and hyphens (R4 §2.24.0.1), and not always UUIDs. */
export const FHIR_R4_SCHEMA: string = `
CREATE TABLE patients (${KEY},
  birthdate DATE DATA CLASS quasi_id LADDER 'date',
  deathdate DATE DATA CLASS quasi_id LADDER 'date',
  ssn TEXT DATA CLASS direct_id, drivers TEXT DATA CLASS direct_id,
  prefix TEXT DATA CLASS direct_id, first TEXT DATA CLASS direct_id,
  last TEXT DATA CLASS direct_id, suffix TEXT DATA CLASS direct_id,
  maiden TEXT DATA CLASS direct_id, phone TEXT DATA CLASS direct_id,
  email TEXT DATA CLASS direct_id, marital TEXT DATA CLASS quasi_id,
  race TEXT DATA CLASS quasi_id, ethnicity TEXT DATA CLASS quasi_id,
  gender TEXT DATA CLASS quasi_id, birthplace TEXT DATA CLASS quasi_id,
  address TEXT DATA CLASS direct_id, city TEXT DATA CLASS quasi_id,
  state TEXT DATA CLASS quasi_id, county TEXT DATA CLASS quasi_id,
  zip TEXT DATA CLASS quasi_id LADDER 'us-zip-2020', country TEXT DATA CLASS quasi_id,
  DATA SUBJECT id);
CREATE TABLE encounters (${KEY}, ${when('start')}, ${when('stop')},
  patient TEXT NOT NULL DATA CLASS direct_id,
  organization TEXT DATA CLASS quasi_id, provider TEXT DATA CLASS quasi_id,
  encounterclass TEXT DATA CLASS sensitive, ${CODED_COLUMNS},
  reasoncode TEXT DATA CLASS sensitive, reasondescription TEXT DATA CLASS sensitive,
  DATA SUBJECT patient);
CREATE TABLE observations (${KEY}, ${when('date')}, ${OF_THE_PATIENT},
  status TEXT DATA CLASS non_personal, category TEXT DATA CLASS sensitive, ${CODED_COLUMNS},
  value TEXT DATA CLASS free_text, units TEXT DATA CLASS sensitive, DATA SUBJECT patient);
CREATE TABLE observation_components (observation TEXT NOT NULL DATA CLASS direct_id,
  number INTEGER NOT NULL DATA CLASS non_personal, patient TEXT NOT NULL DATA CLASS direct_id,
  ${CODED_COLUMNS}, value TEXT DATA CLASS free_text, units TEXT DATA CLASS sensitive,
  PRIMARY KEY (observation, number), DATA SUBJECT patient);
CREATE TABLE conditions (${KEY}, ${when('start')}, ${when('stop')}, ${OF_THE_PATIENT},
  status TEXT DATA CLASS sensitive, ${CODED_COLUMNS}, DATA SUBJECT patient);
CREATE TABLE medications (${KEY}, ${when('date')}, ${OF_THE_PATIENT},
  status TEXT DATA CLASS sensitive, intent TEXT DATA CLASS non_personal, ${CODED_COLUMNS},
  provider TEXT DATA CLASS quasi_id, DATA SUBJECT patient);
CREATE TABLE procedures (${KEY}, ${when('date')}, ${OF_THE_PATIENT},
  status TEXT DATA CLASS non_personal, ${CODED_COLUMNS}, DATA SUBJECT patient);
CREATE TABLE immunizations (${KEY}, ${when('date')}, ${OF_THE_PATIENT},
  status TEXT DATA CLASS non_personal, ${CODED_COLUMNS}, DATA SUBJECT patient);
CREATE TABLE allergies (${KEY}, ${when('start')}, ${OF_THE_PATIENT},
  criticality TEXT DATA CLASS sensitive, ${CODED_COLUMNS}, DATA SUBJECT patient);
`;
