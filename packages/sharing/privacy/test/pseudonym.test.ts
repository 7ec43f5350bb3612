import { createHash, createHmac, hkdfSync } from 'node:crypto';

import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import {
  COLUMN_TYPES,
  type ColumnType,
  type Value,
  bytesToHex,
  hexToBytes,
  parseDecimal,
  toTenantId,
} from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  type PseudonymScope,
  columnKey,
  derivePseudonymKey,
  formatPseudonym,
  isPseudonym,
  pseudonymMac,
} from '../src/index.ts';
import { tokenKey, valuesOf } from './fixtures.ts';

const scope: PseudonymScope = {
  tenant: toTenantId(1),
  domain: 'recipient=lab',
  columnKey: columnKey('patients', 'ssn', undefined),
};

function tokenOf(type: ColumnType, value: Value, changes: Partial<PseudonymScope> = {}): string {
  const to = { ...scope, ...changes };
  const key = derivePseudonymKey(nativeCrypto, tokenKey, 'veritydb token v1', to);
  return formatPseudonym(pseudonymMac(nativeCrypto, key, type, value).slice(0, 16));
}

describe('pseudonyms', () => {
  // S121: tokens are HMACs, computed here by node:crypto alone.
  it('are what the formula says, byte by byte', () => {
    // canonical(["veritydb token v1", 1, "recipient=lab", "column:patients.ssn"])
    const info = Buffer.concat([
      Buffer.from([0x84, 0x71]),
      Buffer.from('veritydb token v1'),
      Buffer.from([0x01, 0x6d]),
      Buffer.from('recipient=lab'),
      Buffer.from([0x73]),
      Buffer.from('column:patients.ssn'),
    ]);
    const key = Buffer.from(
      hkdfSync('sha256', tokenKey, Buffer.alloc(0), createHash('sha256').update(info).digest(), 32),
    );
    // canonical(["text", "999-17-5017"])
    const input = Buffer.concat([
      Buffer.from([0x82, 0x64]),
      Buffer.from('text'),
      Buffer.from([0x6b]),
      Buffer.from('999-17-5017'),
    ]);
    const mac = createHmac('sha256', key).update(input).digest();
    expect(tokenOf('text', '999-17-5017')).toBe(formatPseudonym(mac.subarray(0, 16)));
    expect(tokenOf('text', '999-17-5017')).toBe('fbrfxumh6xpnllkdgoafxnnzam');
  });

  it('agree between the two providers', () => {
    const key = derivePseudonymKey(portableCrypto, tokenKey, 'veritydb surrogate v1', scope);
    expect(bytesToHex(key)).toBe(
      bytesToHex(derivePseudonymKey(nativeCrypto, tokenKey, 'veritydb surrogate v1', scope)),
    );
    expect(bytesToHex(pseudonymMac(portableCrypto, key, 'integer', 5))).toBe(
      bytesToHex(pseudonymMac(nativeCrypto, key, 'integer', 5)),
    );
  });

  it('differ over tenant, domain, column and label', () => {
    const value = '999-17-5017';
    const tokens = [
      tokenOf('text', value),
      tokenOf('text', value, { tenant: toTenantId(2) }),
      tokenOf('text', value, { domain: 'recipient=other' }),
      tokenOf('text', value, { columnKey: columnKey('patients', 'passport', undefined) }),
      tokenOf('text', value, { columnKey: columnKey('patients', 'ssn', 'ssn') }),
    ];
    expect(new Set(tokens).size).toBe(tokens.length);
    const keys = (['veritydb token v1', 'veritydb surrogate v1'] as const).map((label) =>
      bytesToHex(derivePseudonymKey(nativeCrypto, tokenKey, label, scope)),
    );
    expect(keys[0]).not.toBe(keys[1]);
  });

  it('cannot be moved between the parts of their scope', () => {
    expect(tokenOf('text', 'x', { domain: 'ab', columnKey: 'c' })).not.toBe(
      tokenOf('text', 'x', { domain: 'a', columnKey: 'bc' }),
    );
    expect(columnKey('a', 'b', undefined)).not.toBe(columnKey('', '', 'a.b'));
  });

  it('tell 1, "1" and 1.0 apart, and equal values not', () => {
    const spellings: [ColumnType, Value][] = [
      ['integer', 1],
      ['bigint', 1n],
      ['text', '1'],
      ['decimal', parseDecimal('1')],
      ['boolean', true],
      ['json', '1'],
      ['date', 1],
      ['timestamp', 1n],
      ['bytes', hexToBytes('01')],
    ];
    const tokens = spellings.map(([type, value]) => tokenOf(type, value));
    expect(new Set(tokens).size).toBe(spellings.length);
    expect(tokenOf('decimal', parseDecimal('1.50'))).toBe(tokenOf('decimal', parseDecimal('1.5')));
    expect(tokenOf('decimal', parseDecimal('0.00'))).toBe(tokenOf('decimal', parseDecimal('0')));
    expect(tokenOf('decimal', parseDecimal('10'))).not.toBe(tokenOf('decimal', parseDecimal('1')));
    expect(tokenOf('text', 'Zo\u00eb')).toBe(tokenOf('text', 'Zoe\u0308'));
  });

  // S121
  it('keep equality and nothing else, for every type', () => {
    for (const type of COLUMN_TYPES) {
      fc.assert(
        fc.property(valuesOf[type], (value) => {
          const token = tokenOf(type, value);
          expect(token).toBe(tokenOf(type, value));
          expect(isPseudonym(token)).toBe(true);
        }),
        { numRuns: 20 },
      );
    }
  });

  it('have one shape: 26 characters, the last with three bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(isPseudonym(formatPseudonym(bytes))).toBe(true);
      }),
    );
    for (const text of ['', 'a'.repeat(25), 'a'.repeat(27), `${'a'.repeat(25)}b`, 'A'.repeat(26)]) {
      expect(isPseudonym(text)).toBe(false);
    }
  });
});
