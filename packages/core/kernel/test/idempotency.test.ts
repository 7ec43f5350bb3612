/** Idempotency: a command is applied once an id, and its MAC covers all of it. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { expectCode, table } from '@veritydb/testkit';
import {
  VerityError,
  bytesToHex,
  parseIdempotencyId,
  toOffset,
  toTimestamp,
} from '@veritydb/types';
import { describe, expect, it } from 'vitest';

import { type Command, checkRetry, commandMac } from '../src/index.ts';
import { KernelHouse, describeEvent, parseCommand } from './kernel-house.ts';

const KEY = new Uint8Array(32).fill(1);

function macOf(command: unknown): string {
  return bytesToHex(commandMac(nativeCrypto, KEY, command as Command));
}

/** One command of each kind, with every member that a kind can have. */
function everyCommand(): readonly Command[] {
  const house = new KernelHouse();
  house.run(parseCommand(house, 'create people'));
  return [
    'create people',
    'drop people',
    'insert people 1 ann x; update people 2 bob @3; delete people 3 eve @4',
    'issue t1 clinic 1',
    'revoke t1',
    'policy clinic 1',
    'consent c1 given',
    'now c1 withdrawn',
    'intent a1 t1',
    'outcome a1',
    'noisy a1 count 3 5',
    'export e1 a1 t1',
    'publish e1 a1 t1 3 1',
    'close-release lab people',
    'prove one',
    'mint d:x:one',
    'hold h1 ann',
    'release h1',
    'erase 3 ann',
    'erased 3',
  ].map((text) => parseCommand(house, text));
}

type Path = readonly (string | number)[];

/** Every leaf of a command: where it stands. */
function* leaves(value: unknown, path: Path = []): Generator<Path> {
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array)) {
    for (const [name, member] of Object.entries(value)) yield* leaves(member, [...path, name]);
  } else yield path;
}

function changed(value: unknown): unknown {
  if (value === null) return '';
  if (typeof value === 'string') return `${value}x`;
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'bigint') return value + 1n;
  if (typeof value === 'boolean') return !value;
  if (value instanceof Uint8Array) return value.with(0, (value[0] as number) ^ 1);
  throw new Error('no leaf');
}

/** The command with the leaf at a path changed. */
function withChange(value: unknown, [name, ...rest]: Path): unknown {
  if (name === undefined) return changed(value);
  const object = value as Record<string, unknown>;
  const member = withChange(object[name], rest);
  if (Array.isArray(value)) return value.with(Number(name), member);
  return { ...object, [name]: member };
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reversed(member)]),
  );
}

describe('the MAC of a command', () => {
  it('covers every member, and no two commands share one', () => {
    const seen = new Set<string>();
    let count = 0;
    for (const command of everyCommand()) {
      for (const variant of [command, ...leavesOf(command)]) {
        seen.add(macOf(variant));
        count += 1;
      }
    }
    expect(seen.size).toBe(count);
    expect(count).toBeGreaterThan(80);
  });

  function leavesOf(command: Command): readonly unknown[] {
    return Array.from(leaves(command), (path) => withChange(command, path));
  }

  it('does not depend on the order of members, and does on the order of lists', () => {
    for (const command of everyCommand()) expect(macOf(reversed(command))).toBe(macOf(command));
    const [, , write] = everyCommand();
    if (write?.kind !== 'write') throw new Error('no write');
    const other = { ...write, writes: write.writes.toReversed() };
    expect(macOf(other)).not.toBe(macOf(write));
  });

  it('is pinned: it lies in the log', () => {
    expect(macOf({ kind: 'drop-table', name: 'people' })).toBe(
      '64d2d6f7564b78946ae59e6c2b9585ece2b752973f438d38290aed8cac620dab',
    );
  });
});

const CASES = `
  id  command              outcome
  a   create people        insert tables 1000 people false
  a   create people        known at 0
  a   create other         ERR_KERNEL_IDEMPOTENCY
  -   create people        ERR_KERNEL_TABLE_EXISTS
  b   insert people 1 ann  insert people 1 ann null
  b   insert people 1 ann  known at 1
  b   insert people 5 ann  ERR_KERNEL_IDEMPOTENCY
  # A refusal does not use the id up.
  c   insert people 1 eve  ERR_KERNEL_KEY_EXISTS
  c   insert people 2 eve  insert people 2 eve null
  c   insert people 1 eve  ERR_KERNEL_IDEMPOTENCY
  # What would be refused now is known all the same.
  d   drop people          update tables 1000 people true
  d   drop people          known at 3
  b   insert people 1 ann  ERR_KERNEL_IDEMPOTENCY`;

it('a command whose keys were destroyed is taken for no other', () => {
  const mac = commandMac(nativeCrypto, KEY, { kind: 'drop-table', name: 'people' });
  const committed = { offset: toOffset(4), commandMac: mac };
  expect(checkRetry(committed, mac)).toBe(4);
  expectCode(() => checkRetry(committed, null), 'ERR_KERNEL_COMMAND_ERASED');
  const other = commandMac(
    nativeCrypto,
    KEY.map((byte) => byte + 1),
    {
      kind: 'drop-table',
      name: 'people',
    },
  );
  expectCode(() => checkRetry(committed, other), 'ERR_KERNEL_IDEMPOTENCY');
});

describe('a command with an id', () => {
  // S031, S196
  it('is applied once', () => {
    const house = new KernelHouse();
    for (const { id, command = '', outcome } of table(CASES)) {
      const key = id === '-' ? null : parseIdempotencyId(`${id}`.repeat(32));
      let found: string;
      try {
        const event = house.run(parseCommand(house, command), toTimestamp(0n), key);
        found = typeof event === 'number' ? `known at ${event}` : describeEvent(event);
      } catch (error) {
        if (!(error instanceof VerityError)) throw error;
        found = error.code;
      }
      expect(`${id} ${command} → ${found}`).toBe(`${id} ${command} → ${outcome}`);
    }
  });
});
