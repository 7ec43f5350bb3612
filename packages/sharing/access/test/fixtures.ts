import { nativeCrypto } from '@veritydb/crypto/native';
import { hexToBytes } from '@veritydb/types';

import {
  type AuthorizationDetail,
  type Policy,
  type SigningKey,
  type TokenClaims,
  type TokenExpectations,
  type TokenKeySet,
  type VerifiedToken,
  createSigningKey,
  issueToken,
  parsePolicy,
  publicKeySet,
  verifyToken,
} from '../src/index.ts';

/** RFC 8037, appendix A.1. */
export const seed: Uint8Array = hexToBytes(
  '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
);
export const signingKey: SigningKey = await createSigningKey(nativeCrypto, seed);
export const keys: TokenKeySet = publicKeySet(nativeCrypto, [seed]);

export const NOW = 1_767_225_600;

export const detail: AuthorizationDetail = {
  type: 'veritydb_access',
  tenant: 1,
  tables: { patients: '*' },
  purpose: 'dpv:ScientificResearch',
  policy: { name: 'research' },
  limits: { max_rows: 100 },
};

export function claims(changes: Partial<TokenClaims> = {}): TokenClaims {
  return {
    iss: 'https://clinic.example',
    aud: 'https://clinic.example/mcp',
    sub: 'research-lab',
    client_id: 'research-lab',
    iat: NOW,
    nbf: NOW,
    exp: NOW + 3600,
    jti: 'AAECAwQFBgcICQoLDA0ODw',
    scope: 'verity:schema verity:query',
    authorization_details: [detail],
    ...changes,
  };
}

export const expectations: TokenExpectations = {
  keys,
  issuer: 'https://clinic.example',
  audience: 'https://clinic.example/mcp',
  nowSeconds: NOW + 60,
  lifetimeSecondsMax: 3600,
};

/** A token of these rights, verified. */
export async function grantOf(
  changes: Partial<AuthorizationDetail> = {},
  others: Partial<TokenClaims> = {},
): Promise<VerifiedToken> {
  const token = await issueToken({
    signingKey,
    claims: claims({ authorization_details: [{ ...detail, ...changes }], ...others }),
  });
  return verifyToken(token, expectations);
}

/** The head of a policy, to which `tables` and `output` are added. */
export const policyHead = `
apiVersion: veritydb.dev/policy/v1
kind: SharingPolicy
metadata: { name: research, version: 3 }
profile: general
purpose: [dpv:ScientificResearch]
requires: { token: { maxTtl: PT1H } }
defaults: { unlisted: drop, onError: raise }
keys: { domain: '{recipient}' }
output: { maxRows: 50 }
`;

export function policyOf(tables: string, head = policyHead): Policy {
  return parsePolicy(nativeCrypto, `${head}tables:\n${tables}`);
}
