/**
 * Cells a second of the transforms that need a key, one core. The peers do the bare cryptography of a
 * cell, as a library offers it: no typing, no spelling, no separators.
 */

import { createHmac } from 'node:crypto';

import { aessiv } from '@noble/ciphers/aes.js';
import { FF1 } from '@noble/ciphers/ff1.js';
import { nativeCrypto } from '@veritydb/crypto/native';
import { type VisibleRule, compileTransform } from '@veritydb/privacy';
import { toTenantId, utf8Encode } from '@veritydb/types';

import type { Benchmark } from '../benchmark.ts';

const KEY = new Uint8Array(32).fill(7);
const CELLS = Array.from({ length: 2000 }, (_, index) => String(4_111_110_000_000_000 + index));
const BYTES = CELLS.map(utf8Encode);
const NUMERALS = CELLS.map((cell) => Array.from(cell, Number));

interface Terms {
  readonly name: string;
  readonly rule: VisibleRule;
  readonly peer: string;
  readonly floor: number;
  readonly stretch: number;
  readonly bare: (index: number) => unknown;
}

function transformBenchmark({ name, rule, peer, floor, stretch, bare }: Terms): Benchmark {
  return {
    name,
    ours: `${rule.use} of 16 digits, a cell`,
    peer,
    unit: 'cell',
    clock: 'cpu',
    goal: { of: 'rate', floor, stretch },
    open: () => {
      const { apply } = compileTransform(
        rule,
        { name: 'pan', type: 'text', notNull: false, dataClass: null, ladder: null },
        {
          crypto: nativeCrypto,
          tenant: toTenantId(1),
          table: 'payments',
          domain: 'recipient=lab',
          asOfDate: 0,
          tokenKey: KEY,
          subject: null,
          seed: () => KEY,
          lookupSurrogate: () => undefined,
        },
      );
      const row = { missing: [] };
      return {
        ours: {
          run() {
            for (const cell of CELLS) apply(cell, row);
            return CELLS.length;
          },
        },
        peer: {
          run() {
            for (let index = 0; index < CELLS.length; index += 1) bare(index);
            return CELLS.length;
          },
        },
      };
    },
  };
}

export const transformToken: Benchmark = transformBenchmark({
  name: 'transform-token',
  rule: { use: 'token' },
  peer: 'bare HMAC-SHA-256 of node:crypto',
  floor: 50_000,
  stretch: 150_000,
  bare: (index) =>
    createHmac('sha256', KEY)
      .update(BYTES[index] as Uint8Array)
      .digest(),
});

export const transformFpe: Benchmark = transformBenchmark({
  name: 'transform-fpe',
  rule: { use: 'fpe', alphabet: 'digits' },
  peer: 'bare FF1 of @noble/ciphers',
  floor: 20_000,
  stretch: 60_000,
  bare: (index) => FF1(10, KEY).encrypt(NUMERALS[index] as number[]),
});

export const transformDeterministic: Benchmark = transformBenchmark({
  name: 'transform-deterministic',
  rule: { use: 'deterministic' },
  peer: 'bare AES-SIV of @noble/ciphers',
  floor: 5000,
  stretch: 20_000,
  bare: (index) => aessiv(new Uint8Array(64).fill(7)).encrypt(BYTES[index] as Uint8Array),
});
