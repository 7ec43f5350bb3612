/** What others rely on and nobody may change in silence: codes, and the schemas of the reserved tables. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { bytesToHex } from '@veritydb/types';
import { expect, it } from 'vitest';

import { KernelError, type KernelErrorCode, reservedSchemas } from '../src/index.ts';

const CODES = {
  ERR_KERNEL_TABLE_EXISTS: true,
  ERR_KERNEL_TABLE_UNKNOWN: true,
  ERR_KERNEL_RESERVED: true,
  ERR_KERNEL_ROW: true,
  ERR_KERNEL_NOT_NULL: true,
  ERR_KERNEL_KEY_EXISTS: true,
  ERR_KERNEL_ROW_MOVED: true,
  ERR_KERNEL_TOKEN_EXISTS: true,
  ERR_KERNEL_TOKEN_UNKNOWN: true,
  ERR_KERNEL_TOKEN_REVOKED: true,
  ERR_KERNEL_TOKEN_EXPIRED: true,
  ERR_KERNEL_TOKEN_SPENT: true,
  ERR_KERNEL_TOKEN_CHAIN: true,
  ERR_KERNEL_ANSWER_MOVED: true,
  ERR_KERNEL_BUDGET_SPENT: true,
  ERR_KERNEL_POLICY_VERSION: true,
  ERR_KERNEL_POLICY_UNKNOWN: true,
  ERR_KERNEL_CONSENT_EXISTS: true,
  ERR_KERNEL_CONSENT_UNKNOWN: true,
  ERR_KERNEL_CONSENT_STATE: true,
  ERR_KERNEL_ACCESS_EXISTS: true,
  ERR_KERNEL_ACCESS_UNKNOWN: true,
  ERR_KERNEL_EXPORT_EXISTS: true,
  ERR_KERNEL_IDEMPOTENCY: true,
  ERR_KERNEL_COMMAND_ERASED: true,
  ERR_KERNEL_HOLD_EXISTS: true,
  ERR_KERNEL_HOLD_UNKNOWN: true,
  ERR_KERNEL_HELD: true,
  ERR_KERNEL_ERASURE_EXISTS: true,
  ERR_KERNEL_EVENT: true,
  ERR_KERNEL_CHECK: true,
  ERR_KERNEL_UNIQUE: true,
  ERR_KERNEL_COLUMN_UNKNOWN: true,
  ERR_KERNEL_INDEX_EXISTS: true,
  ERR_KERNEL_INDEX_UNKNOWN: true,
  ERR_KERNEL_RELEASE_UNKNOWN: true,
  ERR_KERNEL_PRIVACY_SPENT: true,
  ERR_KERNEL_PROOF_USED: true,
  ERR_KERNEL_PROJECTED: true,
  ERR_KERNEL_PROJECTION_LIMIT: true,
  ERR_KERNEL_PROJECTION_READ_ONLY: true,
  ERR_KERNEL_PROJECTION_UNKNOWN: true,
  ERR_KERNEL_COLUMN_EXISTS: true,
  ERR_KERNEL_COLUMN_IN_USE: true,
  ERR_KERNEL_TABLE_ALTERED: true,
} satisfies Record<KernelErrorCode, true>;

it('codes: a new one is added here, an old one stays', () => {
  expect(Object.keys(CODES).length).toBe(45);
  for (const code of Object.keys(CODES) as KernelErrorCode[]) {
    expect(new KernelError('format', code, 'text').code).toBe(code);
  }
});

it('ids and digests of the reserved tables: another digest is another table', () => {
  const pinned = [...reservedSchemas(nativeCrypto).values()].map(
    ({ id, definition, digest }) => `${id} ${definition.name} ${bytesToHex(digest).slice(0, 16)}`,
  );
  expect(pinned).toEqual([
    '1 verity_tables fec4cf7a1983a418',
    '2 verity_tokens c6619c027de364ef',
    '3 verity_policies eb0cc62ec2762e3a',
    '4 verity_consents f327d55cc53b3a4b',
    '5 verity_access 6d8cd7af0a5484f9',
    '6 verity_exports ece7e3635924bebd',
    '7 verity_surrogates 68421a693fc63d00',
    '8 verity_holds 6557a8bf2a3c09b9',
    '9 verity_erasures 75c73afc11bfcb24',
    '10 verity_budgets 4205a06ed80a32d0',
    '11 verity_rules 79d690c46fda1f65',
    '12 verity_indexes 54ce2e8845ad0f1e',
    '13 verity_releases 640dd7999322188f',
    '14 verity_privacy_budgets f41bd88e37a8287a',
    '15 verity_noisy_answers 3b3ebf5af744e00a',
    '16 verity_proofs f6aaaba7098d9fd5',
    '17 verity_projections 9cbfa7c524f0f69b',
    '18 verity_definitions 157ec1babd611bb0',
  ]);
});
