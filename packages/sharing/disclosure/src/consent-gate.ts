/**
 * Consent, enforced for each data subject: where a policy demands it, a row leaves only by a permit of
 * whom it is about. The ledger is asked as it stands now, whatever position the data is of, and the
 * answer's record is refused when the ledger changes before it is written.
 */

import { type Consent, type ConsentDecision, decideConsent } from '@veritydb/access';
import {
  type ConsentEvidence,
  type ConsentState,
  type NamedRow,
  toNamedRow,
} from '@veritydb/kernel';
import { leafHash, treeRoot } from '@veritydb/merkle';
import type { Tenant } from '@veritydb/runtime';
import {
  HASH_SIZE,
  type Row,
  type TableSchema,
  type Value,
  bytesToHex,
  canonicalJson,
  hexToBytes,
  parseJson,
  toOffset,
  utf8Encode,
} from '@veritydb/types';

import type { Right } from './scoped-query.ts';
import { subjectIndexMac } from './subject-index.ts';

export interface ConsentGate {
  admits(row: Row): boolean;
  /** What was decided so far. */
  evidence(): ConsentEvidence;
  /** Of data subjects whose rows were admitted the pseudonyms in this tenant, each once. */
  permitted(subjects: Iterable<Value>): readonly string[];
}

/** The gate of a question; null where its policy asks for no consent, or the table is about nobody. */
export function openConsentGate(
  tenant: Tenant,
  right: Right,
  table: TableSchema,
): ConsentGate | null {
  if (right.kind !== 'token' || right.policy.policy.consent === null) return null;
  const { grant, policy } = right;
  const rules = policy.policy.tables.get(table.definition.name);
  const isAboutNobody = [...(rules?.columns.values() ?? [])].every(
    ({ dataClass }) => dataClass === 'non-personal',
  );
  if (table.subjectIndex === null && isAboutNobody) return null;
  const changes = tenant.state.consentChanges;
  const consents = consentsBySubject(tenant);
  const question = {
    recipient: grant.recipient,
    purpose: grant.purpose,
    table: table.definition.name,
    // By the log: the newest record is the intent of this very question, or a later one.
    at: tenant.timestampOf(toOffset(tenant.head)) / 1000n,
  };
  const decisions = new Map<string, ConsentDecision>();
  return {
    admits: (row) => {
      const value = table.subjectIndex === null ? null : (row[table.subjectIndex] ?? null);
      const subject = subjectOf(tenant, table, value);
      if (subject === null) return false;
      const known = decisions.get(subject);
      if (known !== undefined) return known.permit;
      const decision = decideConsent(consents.get(subject) ?? [], question);
      decisions.set(subject, decision);
      return decision.permit;
    },
    evidence: () => evidenceOf(tenant, changes, decisions),
    permitted: (subjects) => [
      ...new Set(
        Array.from(subjects, (one) => subjectOf(tenant, table, one)).flatMap((one) => one ?? []),
      ),
    ],
  };
}

function subjectOf(
  tenant: Tenant,
  { definition, subjectIndex }: TableSchema,
  value: Value,
): string | null {
  const column = subjectIndex === null ? undefined : definition.columns[subjectIndex];
  if (column === undefined || value === null) return null;
  return bytesToHex(tenant.pseudonym(column.type, value));
}

/** Decisions as leaves of an RFC 6962 tree, in the order of their subjects, which are keyed. */
function evidenceOf(
  tenant: Tenant,
  changes: number,
  decisions: ReadonlyMap<string, ConsentDecision>,
): ConsentEvidence {
  const { crypto } = tenant;
  const leaves = Array.from(decisions, ([subject, decision]) => ({
    subject: bytesToHex(subjectIndexMac(tenant, hexToBytes(subject))),
    ...decision,
  })).toSorted((a, b) => (a.subject < b.subject ? -1 : 1));
  const permits = leaves.filter(({ permit }) => permit).length;
  return {
    changes,
    permits,
    denials: leaves.length - permits,
    root: treeRoot(
      crypto,
      leaves.map((leaf) => leafHash(crypto, utf8Encode(canonicalJson({ ...leaf })))),
    ),
  };
}

interface Ledger {
  /** Changes of the ledger that it holds. */
  readonly changes: number;
  readonly bySubject: ReadonlyMap<string, readonly Consent[]>;
}

/** A view of each tenant's ledger, made again when the ledger has changed. */
const ledgers = new WeakMap<Tenant, Ledger>();

function consentsBySubject(tenant: Tenant): Ledger['bySubject'] {
  const changes = tenant.state.consentChanges;
  const known = ledgers.get(tenant);
  if (known?.changes === changes) return known.bySubject;
  const bySubject = new Map<string, Consent[]>();
  const snapshot = tenant.snapshot();
  const table = snapshot.reserved('verity_consents');
  for (const { values, offset } of snapshot.scan(table, { kind: 'scan' })) {
    const row = toNamedRow(table, values);
    const consent = toConsent(row, offset);
    for (const subject of subjectsOf(row)) {
      const list = bySubject.get(subject);
      if (list === undefined) bySubject.set(subject, [consent]);
      else list.push(consent);
    }
  }
  ledgers.set(tenant, { changes, bySubject });
  return bySubject;
}

function toConsent(row: NamedRow, offset: number): Consent {
  const tables = parseJson(row['tables'] as string);
  return {
    consentId: row['consent_id'] as string,
    recipient: row['recipient'] as string | null,
    purpose: row['purpose'] as string,
    tables: tables === '*' ? '*' : (tables as readonly string[]),
    state: row['state'] as ConsentState,
    expiresAt: row['expires_at'] as bigint | null,
    offset,
  };
}

/** Keyed pseudonyms of whom a consent record is about, hexadecimal: one for each type of the id. */
export function subjectsOf(row: NamedRow): readonly string[] {
  const macs = row['subject_macs'] as Uint8Array;
  return Array.from({ length: macs.length / HASH_SIZE }, (_, index) =>
    bytesToHex(macs.subarray(index * HASH_SIZE, (index + 1) * HASH_SIZE)),
  );
}
