/**
 * What stands before each question: the token, which was seen before, is asked of the log, and a typical
 * statement is bound against what token and policy show of its table. The product keeps what a token
 * sees of the table that it asked of last; here it is made anew each time.
 */

import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { join } from 'node:path';

import { type TokenKeySet, authorize, parsePolicy, verifyToken } from '@veritydb/access';
import { nativeCrypto } from '@veritydb/crypto/native';
import { openDoors } from '@veritydb/disclosure';
import { bindSelect, parseStatement, planSelect } from '@veritydb/query';
import { parseDate } from '@veritydb/types';
import { Verity } from '@veritydb/verity';

import type { Benchmark } from '../benchmark.ts';
import { SAFE_HARBOR, openClinic } from '../clinic.ts';

const QUERY_COUNT = 2000;
const SQL =
  'SELECT gender, state, zip FROM patients WHERE state = $1 AND gender = $2 ORDER BY zip LIMIT 100';

export const authorizeQuery: Benchmark = {
  name: 'authorize',
  ours: 'token, scope and policy; a statement bound to them',
  peer: 'one Ed25519 signature verified',
  unit: 'query',
  clock: 'cpu',
  goal: { of: 'rate', floor: 5000, stretch: 20_000 },
  async open(folder) {
    const token = await clinicToken(folder);
    const verity = Verity.open(join(folder, 'clinic'));
    const { runtime: tenant, statements } = verity.tenant(1);
    const url = `https://${tenant.origin}`;
    const { gateway } = await openDoors({
      tenant,
      statements,
      issuer: { issuer: url, audience: url },
    });
    const grant = await verifyToken(token, {
      keys: gateway.tokenKeys() as unknown as TokenKeySet,
      issuer: url,
      audience: url,
      nowSeconds: Math.floor(Date.now() / 1000),
      lifetimeSecondsMax: 3600,
    });
    const policy = parsePolicy(nativeCrypto, SAFE_HARBOR);
    const table = tenant.snapshot().table('patients');
    const statement = parseStatement(SQL);
    if (statement.kind !== 'select') throw new Error('not a SELECT');
    const context = {
      crypto: nativeCrypto,
      asOfDate: parseDate('2026-01-01'),
      tokenKey: new Uint8Array(32),
      seed: () => new Uint8Array(32),
      lookupSurrogate: () => undefined,
    };
    return {
      ours: {
        async run() {
          for (let index = 0; index < QUERY_COUNT; index += 1) {
            await gateway.authenticate(token, { transport: 'http', client: null });
            const { relation } = authorize({
              grant,
              policy,
              tableName: 'patients',
              table,
              context,
            });
            planSelect(bindSelect(statement, relation, ['Vermont', 'F']));
          }
          return QUERY_COUNT;
        },
      },
      peer: { run: verifySignatures },
      close: () => {
        verity.close();
      },
    };
  },
};

async function clinicToken(folder: string): Promise<string> {
  const { database, issueToken } = await openClinic(folder, 1);
  const token = await issueToken();
  database.close();
  return token;
}

function verifySignatures(): number {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const message = Buffer.alloc(700, 'x');
  const signature = sign(null, message, privateKey);
  for (let index = 0; index < QUERY_COUNT; index += 1) {
    if (!verify(null, message, publicKey, signature)) throw new Error('a signature does not hold');
  }
  return QUERY_COUNT;
}
