/**
 * The request of an export, as its record keeps it: sealed, because its literals may be about people,
 * and with an HMAC that tells a retry from another request.
 *
 * The key is derived for the one export and the one request, so the fixed nonce seals one plaintext.
 */

import { type SealInput, clearBytes } from '@veritydb/crypto';
import type { Tenant } from '@veritydb/runtime';
import {
  type JsonValue,
  assert,
  canonicalJson,
  concatBytes,
  isJsonObject,
  parseCanonicalJson,
  utf8Decode,
  utf8Encode,
} from '@veritydb/types';

import type { ExportRequest } from './gateway.ts';

const MAC_SIZE = 32;
const NONCE = new Uint8Array(12);

function requestBytes(request: ExportRequest): Uint8Array {
  return utf8Encode(
    canonicalJson({
      csv: request.csv ?? false,
      heldTreeSize: request.heldTreeSize ?? null,
      idempotencyId: request.idempotencyId,
      parameters: request.parameters,
      // Only where it was asked for: earlier requests were sealed, and are compared, without.
      ...(request.parquet === true ? { parquet: true } : {}),
      sql: request.sql,
    }),
  );
}

export function requestMac(tenant: Tenant, request: ExportRequest): Uint8Array {
  return tenant.crypto.hmacSha256(tenant.keyFor('audit'), requestBytes(request));
}

/** Does something with the key of one request, which is cleared whatever happens. */
function withSealInput<T>(
  tenant: Tenant,
  exportId: string,
  mac: Uint8Array,
  use: (input: SealInput) => T,
): T {
  const info = concatBytes(utf8Encode(`veritydb export request v1 ${exportId} `), mac);
  const key = tenant.crypto.hkdfSha256(tenant.keyFor('audit'), new Uint8Array(0), info, 32);
  try {
    return use({ key, nonce: NONCE, associatedData: utf8Encode(exportId) });
  } finally {
    clearBytes(key);
  }
}

/** HMAC, then the sealed request. */
export function sealRequest(tenant: Tenant, exportId: string, request: ExportRequest): Uint8Array {
  const mac = requestMac(tenant, request);
  const sealed = withSealInput(tenant, exportId, mac, (input) =>
    tenant.crypto.seal(input, requestBytes(request)),
  );
  return concatBytes(mac, sealed);
}

/** @throws {CryptoError} ERR_CRYPTO_OPEN when the record was changed */
export function openRequest(tenant: Tenant, exportId: string, bytes: Uint8Array): ExportRequest {
  const plaintext = withSealInput(tenant, exportId, bytes.subarray(0, MAC_SIZE), (input) =>
    tenant.crypto.open(input, bytes.subarray(MAC_SIZE)),
  );
  const json = parseCanonicalJson(utf8Decode(plaintext));
  assert(isJsonObject(json), 'sealed request is no object');
  const { csv, heldTreeSize, idempotencyId, parameters, parquet, sql } = json;
  assert(
    typeof sql === 'string' && typeof idempotencyId === 'string',
    'sealed request is malformed',
  );
  assert(Array.isArray(parameters), 'sealed request has no parameters');
  const request = {
    sql,
    idempotencyId,
    parameters: parameters as readonly JsonValue[],
    csv: csv === true,
    parquet: parquet === true,
  };
  return typeof heldTreeSize === 'number' ? { ...request, heldTreeSize } : request;
}
