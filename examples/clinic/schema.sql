-- The clinic's tables, for its own sample and for the files of Synthea v3 alike.

CREATE TABLE patients (
  id UUID NOT NULL PRIMARY KEY DATA CLASS direct_id,
  birthdate DATE NOT NULL DATA CLASS quasi_id LADDER 'date',
  deathdate DATE DATA CLASS quasi_id LADDER 'date',
  ssn TEXT DATA CLASS direct_id,
  drivers TEXT DATA CLASS direct_id,
  passport TEXT DATA CLASS direct_id,
  prefix TEXT DATA CLASS direct_id,
  first TEXT DATA CLASS direct_id,
  last TEXT DATA CLASS direct_id,
  suffix TEXT DATA CLASS direct_id,
  maiden TEXT DATA CLASS direct_id,
  marital TEXT DATA CLASS quasi_id,
  race TEXT DATA CLASS quasi_id,
  ethnicity TEXT DATA CLASS quasi_id,
  gender TEXT DATA CLASS quasi_id,
  birthplace TEXT DATA CLASS quasi_id,
  address TEXT DATA CLASS direct_id,
  city TEXT DATA CLASS quasi_id,
  state TEXT DATA CLASS quasi_id,
  county TEXT DATA CLASS quasi_id,
  zip TEXT DATA CLASS quasi_id LADDER 'us-zip-2020',
  lat DECIMAL DATA CLASS quasi_id,
  lon DECIMAL DATA CLASS quasi_id,
  healthcare_expenses DECIMAL DATA CLASS sensitive,
  healthcare_coverage DECIMAL DATA CLASS sensitive,
  DATA SUBJECT id
);

CREATE TABLE encounters (
  id UUID NOT NULL PRIMARY KEY DATA CLASS direct_id,
  start TIMESTAMP NOT NULL DATA CLASS quasi_id LADDER 'timestamp',
  stop TIMESTAMP DATA CLASS quasi_id LADDER 'timestamp',
  patient UUID NOT NULL DATA CLASS direct_id,
  organization UUID DATA CLASS quasi_id,
  provider UUID DATA CLASS quasi_id,
  payer UUID DATA CLASS quasi_id,
  encounterclass TEXT DATA CLASS sensitive,
  code TEXT DATA CLASS sensitive,
  description TEXT DATA CLASS sensitive,
  base_encounter_cost DECIMAL DATA CLASS sensitive,
  total_claim_cost DECIMAL DATA CLASS sensitive,
  payer_coverage DECIMAL DATA CLASS sensitive,
  reasoncode TEXT DATA CLASS sensitive,
  reasondescription TEXT DATA CLASS sensitive,
  DATA SUBJECT patient
);

-- Synthea numbers no observation: row_id counts the rows of the file.
CREATE TABLE observations (
  row_id INTEGER PRIMARY KEY DATA CLASS direct_id,
  date TIMESTAMP NOT NULL DATA CLASS quasi_id LADDER 'timestamp',
  patient UUID NOT NULL DATA CLASS direct_id,
  encounter UUID DATA CLASS direct_id,
  category TEXT DATA CLASS sensitive,
  code TEXT DATA CLASS sensitive,
  description TEXT DATA CLASS sensitive,
  value TEXT DATA CLASS free_text,
  units TEXT DATA CLASS sensitive,
  type TEXT DATA CLASS sensitive,
  DATA SUBJECT patient
);

CREATE TABLE notes (
  id UUID NOT NULL PRIMARY KEY DATA CLASS direct_id,
  patient UUID NOT NULL DATA CLASS direct_id,
  encounter UUID DATA CLASS direct_id,
  date TIMESTAMP NOT NULL DATA CLASS quasi_id LADDER 'timestamp',
  text TEXT DATA CLASS free_text,
  DATA SUBJECT patient
);
