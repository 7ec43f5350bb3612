/** A row of an export as an SD-JWT, as other people's libraries read it: jose, and @sd-jwt/core. */

import { createPublicKey, createHash, verify } from 'node:crypto';

import { SDJwtInstance } from '@sd-jwt/core';
import { parseBundle, verifyRow } from '@veritydb/bundle';
import { nativeCrypto } from '@veritydb/crypto/native';
import { parseVerifierKey } from '@veritydb/merkle';
import { expectCodeAsync } from '@veritydb/testkit';
import { compactVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ClinicHouse } from './clinic-house.ts';

const SQL = "SELECT birthdate, gender, zip, state FROM patients WHERE state = 'Vermont'";

let clinic: ClinicHouse;
beforeAll(async () => {
  clinic = await ClinicHouse.open();
});
afterAll(() => {
  clinic.remove();
});

async function exported(): Promise<{
  readonly exportId: string;
  readonly first: Record<string, unknown>;
  readonly read: (line: number, table?: string) => Promise<string>;
}> {
  const session = await clinic.session();
  const idempotencyId = 'ab'.repeat(16);
  const { exportId } = await clinic.gateway.createExport(session, {
    sql: SQL,
    parameters: [],
    idempotencyId,
  });
  const { bytes } = await clinic.gateway.readExport(session, exportId);
  const data = parseBundle(bytes).entries.get('data/patients.ndjson');
  const text = Buffer.from(data?.bytes.read(0, data.bytes.size) ?? []).toString();
  return {
    exportId,
    first: JSON.parse(text.split('\n')[0] as string) as Record<string, unknown>,
    read: async (line, table = 'patients') =>
      clinic.gateway.readExportedRow(session, { exportId, line, table }),
  };
}

function publicKey(): ReturnType<typeof createPublicKey> {
  const key = parseVerifierKey(nativeCrypto, clinic.gateway.logVerifierKey);
  const x = Buffer.from(key.publicKey).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

describe('a row of an export as an SD-JWT', () => {
  it('is signed as jose reads it, and shows the values of the bundle', async () => {
    const { exportId, first, read } = await exported();
    const text = await read(1);
    const jws = await compactVerify(text.split('~')[0] as string, publicKey(), {
      algorithms: ['EdDSA'],
    });
    expect(jws.protectedHeader).toMatchObject({ alg: 'EdDSA', typ: 'veritydb-row+sd-jwt' });
    const key = clinic.gateway.logVerifierKey;
    expect(verifyRow(nativeCrypto, text, key)).toMatchObject({
      exportId,
      line: 1,
      table: 'patients',
      row: first,
    });
    expect(Buffer.from(jws.payload).toString()).not.toContain(String(first['birthdate']));
  });

  it('is read, and shown in part, by @sd-jwt/core', async () => {
    const { first, read } = await exported();
    const key = publicKey();
    const sdJwt = new SDJwtInstance<Record<string, unknown>>({
      hasher: (data) =>
        createHash('sha256')
          .update(Buffer.from(data as string))
          .digest(),
      hashAlg: 'sha-256',
      verifier: (data, signature) =>
        verify(null, Buffer.from(data), key, Buffer.from(signature, 'base64url')),
    });
    const shown = async (text: string): Promise<unknown> => {
      const { payload } = (await sdJwt.verify(text)) as { payload: Record<string, unknown> };
      return payload['row'];
    };
    const whole = await read(1);
    expect(await shown(whole)).toEqual(first);
    const part = await sdJwt.present(whole, { row: { state: true } });
    expect(await shown(part)).toEqual({ state: 'Vermont' });
    const { row } = verifyRow(nativeCrypto, part, clinic.gateway.logVerifierKey);
    expect(row).toEqual({ state: 'Vermont' });
  });

  it('has other salts each time, and none that the bundle has', async () => {
    const { read } = await exported();
    const disclosures = [await read(1), await read(1)].flatMap((text) =>
      text.split('~').slice(1, -1),
    );
    expect(new Set(disclosures).size).toBe(8);
  });

  it('is of the token that made the export, and of a row that is there', async () => {
    const { exportId, read } = await exported();
    const code = 'ERR_DISCLOSURE_EXPORT_UNKNOWN';
    await expectCodeAsync(async () => read(0), code);
    await expectCodeAsync(async () => read(999), code);
    await expectCodeAsync(async () => read(1, 'visits'), code);
    const other = await clinic.session();
    const row = { exportId, line: 1, table: 'patients' };
    await expectCodeAsync(async () => clinic.gateway.readExportedRow(other, row), code);
  });
});
