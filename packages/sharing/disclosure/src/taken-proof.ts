/**
 * Proofs of possession are of one use (RFC 9449 §11.1). Which were taken stands in the log, so that no
 * restart, no second process and no clock that was set back lets one be used twice.
 */

import { AccessError } from '@veritydb/access';
import { KernelError } from '@veritydb/kernel';
import type { Tenant } from '@veritydb/runtime';
import { utf8Encode } from '@veritydb/types';

const NAME_SIZE = 16;
const LABEL = 'veritydb proof v1 ';

/** @throws {AccessError} ERR_ACCESS_PROOF when it was taken before */
export async function takeProof(tenant: Tenant, name: string): Promise<void> {
  const mac = tenant.crypto.hmacSha256(tenant.keyFor('audit'), utf8Encode(LABEL + name));
  try {
    await tenant.submit({ kind: 'take-proof', proof: mac.subarray(0, NAME_SIZE) });
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== 'ERR_KERNEL_PROOF_USED') throw error;
    throw new AccessError('ERR_ACCESS_PROOF', 'the proof was used before');
  }
}
