/**
 * Templates for `verity init`: a schema with classes of data, a policy, and invented rows. Schemas are
 * those of the examples, policies those that ship: nothing has a second home here.
 */

import { SampleRandom } from './sample-random.ts';

export interface Template {
  readonly title: string;
  /** Files of the repository. */
  readonly schema: string;
  readonly policy: string;
  /** What a token under the policy names. */
  readonly recipient: string;
  readonly purpose: string;
  readonly tables: readonly string[];
  /** Rows by table: CSV cells, the header first. */
  readonly rows: (random: SampleRandom) => ReadonlyMap<string, readonly (readonly string[])[]>;
}

export type TemplateName = 'health' | 'finance' | 'legal' | 'government';

/** As many as an answer is read at one look. */
const ROWS_COUNT = 60;

function times<Row>(count: number, make: (index: number) => Row): Row[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

const ZIPS = [
  ['NY', '10001'],
  ['IL', '60614'],
  ['NH', '03601'],
  ['CA', '94110'],
] as const;
const REASONS = ['Check-up', 'Vaccination', 'Fracture of wrist', 'Diabetes follow-up'];

function healthRows(random: SampleRandom) {
  const patients = times(ROWS_COUNT, () => {
    const [first, last] = random.name();
    const [state, zip] = random.pick(ZIPS);
    const gender = random.pick(['F', 'M']);
    return [
      random.uuid(),
      random.date(1930, 2015),
      `999-${random.digits(2)}-${random.digits(4)}`,
    ].concat([first, last, gender, `${random.between(1, 99)} Elm St`, state, zip]);
  });
  const encounters = patients.flatMap(([patient = '']) =>
    times(random.between(1, 3), () => {
      const day = random.date(2024, 2025);
      const time = `${day}T${random.pick(['08', '11', '15'])}:00:00Z`;
      return [random.uuid(), time, patient, 'ambulatory', random.pick(REASONS)].concat(
        `${random.between(40, 400)}.00`,
      );
    }),
  );
  const patientColumns = [
    'id',
    'birthdate',
    'ssn',
    'first',
    'last',
    'gender',
    'address',
    'state',
    'zip',
  ];
  const columns = ['id', 'start', 'patient', 'encounterclass', 'description', 'total_claim_cost'];
  return new Map([
    ['patients', [patientColumns, ...patients]],
    ['encounters', [columns, ...encounters]],
  ]);
}

function financeRows(random: SampleRandom) {
  const customers = times(12, () => [`C-${random.digits(6)}`, `DE${random.digits(20)}`] as const);
  const rows = times(ROWS_COUNT, (index) => {
    const [customer, account] = random.pick(customers);
    const amount = `${random.between(10, 20_000)}.${random.digits(2)}`;
    const country = random.pick(['DE', 'FR', 'PA', 'AE']);
    const memo = `Invoice ${random.digits(5)} of ${random.name().join(' ')}`;
    return [
      `T-${index + 1}`,
      customer,
      account,
      `FR${random.digits(20)}`,
      random.date(2025, 2025),
    ].concat([amount, country, String(random.between(0, 100)), memo]);
  });
  const columns = ['id', 'customer', 'account', 'counterparty', 'booked_on', 'amount', 'country'];
  return new Map([['transfers', [[...columns, 'risk', 'memo'], ...rows]]]);
}

function legalRows(random: SampleRandom) {
  const custodians = times(8, () => random.name().join(' '));
  const rows = times(ROWS_COUNT, (index) => {
    const matter = random.pick(['2026-118', '2026-118', '2025-077']);
    const privileged = String(random.between(1, 4) === 1);
    const subject = random.pick(['Supply contract', 'Pricing', 'Delivery dates', 'Board minutes']);
    const address = `${random.between(1, 99)} Oak Ave`;
    return [
      `D-${index + 1}`,
      matter,
      privileged,
      random.pick(custodians),
      random.date(2023, 2025),
    ].concat([subject, address, 'For the file.']);
  });
  const columns = ['id', 'matter', 'privileged', 'custodian', 'sent_on', 'subject_line'];
  return new Map([['documents', [[...columns, 'home_address', 'attorney_notes'], ...rows]]]);
}

function governmentRows(random: SampleRandom) {
  const rows = times(ROWS_COUNT, (index) => {
    const kind = random.pick(['household', 'company', 'club']);
    const programme = random.pick(['roofs', 'bicycles', 'libraries']);
    const amount = String(random.between(5, 1300) * 100);
    const status = random.pick(['closed', 'closed', 'open']);
    const classification = random.pick(['open', 'open', 'open', 'confidential']);
    return [
      `G-${index + 1}`,
      random.name().join(' '),
      kind,
      programme,
      random.date(2024, 2025),
    ].concat([amount, status, classification, 'Called twice.']);
  });
  const columns = ['id', 'applicant', 'applicant_kind', 'programme', 'decided_on', 'amount'];
  return new Map([['grants', [[...columns, 'status', 'classification', 'remarks'], ...rows]]]);
}

export const TEMPLATES: Readonly<Record<TemplateName, Template>> = {
  health: {
    title: 'a clinic, under HIPAA Safe Harbor',
    schema: 'examples/clinic/schema.sql',
    policy: 'policies/hipaa-safe-harbor.yaml',
    recipient: 'Northfield University',
    purpose: 'dpv:ScientificResearch',
    tables: ['patients', 'encounters'],
    rows: healthRows,
  },
  finance: {
    title: 'a bank that shares patterns of suspicious transfers',
    schema: 'examples/finance/schema.sql',
    policy: 'policies/finance-aml-sharing.yaml',
    recipient: 'Second Bank',
    purpose: 'dpv:CounterMoneyLaundering',
    tables: ['transfers'],
    rows: financeRows,
  },
  legal: {
    title: 'a law department that produces documents of one matter',
    schema: 'examples/legal/schema.sql',
    policy: 'policies/legal-hold-discovery.yaml',
    recipient: 'Counsel for the plaintiff',
    purpose: 'dpv:LegalCompliance',
    tables: ['documents'],
    rows: legalRows,
  },
  government: {
    title: 'an agency that answers freedom of information requests',
    schema: 'examples/government/schema.sql',
    policy: 'policies/government-foi.yaml',
    recipient: 'The Daily',
    purpose: 'dpv:FulfilmentOfObligation',
    tables: ['grants'],
    rows: governmentRows,
  },
};

/** The seed of every template: whoever makes one gets the same rows. */
const SEED = 7;

/** Invented rows as CSV texts (RFC 4180), by the name of the file. */
export function sampleFiles({ rows }: Template): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const [table, lines] of rows(new SampleRandom(SEED))) {
    files.set(`${table}.csv`, lines.map((cells) => `${cells.join(',')}\n`).join(''));
  }
  return files;
}
