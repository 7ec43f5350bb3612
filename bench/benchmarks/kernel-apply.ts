/** Commands that the kernel decides in a second. Its goal is a rate; the bare chain is the yardstick of the machine. */

import { nativeCrypto } from '@veritydb/crypto/native';
import { type ApplyContext, type Command, apply, initialState } from '@veritydb/kernel';
import { parseStatement } from '@veritydb/query';
import { toOffset, toTimestamp } from '@veritydb/types';

import type { Benchmark } from '../benchmark.ts';
import { payloads, visits } from '../houses.ts';
import { VISITS } from '../rows.ts';
import { Sha256Chain } from '../sha256-chain.ts';

const COMMAND_COUNT = 50_000;

export const kernelApply: Benchmark = {
  name: 'kernel-apply',
  ours: 'apply of an insert of 8 fields',
  peer: 'bare SHA-256 chain, 256 bytes',
  unit: 'command',
  clock: 'cpu',
  goal: { of: 'rate', floor: 500_000, stretch: 1_000_000 },
  open() {
    const context: ApplyContext = {
      crypto: nativeCrypto,
      offset: toOffset(1),
      timestamp: toTimestamp(1n),
      rows: { find: () => undefined, scan: () => [], get: () => undefined },
    };
    const statement = parseStatement(VISITS);
    if (statement.kind !== 'create-table') throw new Error('no table is made');
    const { definition } = statement;
    const made = apply(initialState(nativeCrypto), { kind: 'create-table', definition }, context);
    const table = made.state.tablesByName.get('visits');
    if (table === undefined) throw new Error('the table was not made');
    const commands = visits(0, COMMAND_COUNT, 500).map((values): Command => ({
      kind: 'write',
      writes: [{ event: 'insert', table: table.id, values }],
    }));
    const bytes = payloads(COMMAND_COUNT);
    const chain = new Sha256Chain();
    return {
      ours: {
        run() {
          let { state } = made;
          for (const command of commands) ({ state } = apply(state, command, context));
          return commands.length;
        },
      },
      peer: {
        run() {
          for (const payload of bytes) chain.push(payload);
          return bytes.length;
        },
      },
    };
  },
};
