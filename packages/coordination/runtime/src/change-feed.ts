/** What the log says of users' tables, record by record: for who follows it. */

import { USER_TABLE_ID_MIN } from '@veritydb/kernel';
import {
  type Offset,
  type Row,
  type TableDefinition,
  decodeRecordHeader,
  toOffset,
} from '@veritydb/types';

import { RuntimeError } from './error.ts';
import type { Tenant } from './tenant.ts';

export interface RowChanged {
  readonly table: TableDefinition;
  readonly event: 'insert' | 'update' | 'delete';
  /** The whole new row; of a deleted one its key and data subject. Null where it was erased since. */
  readonly values: Row | null;
}

export interface RecordChanges {
  readonly position: Offset;
  readonly timestamp: bigint;
  /** Of one record: they were made together. */
  readonly changes: readonly RowChanged[];
}

/**
 * Follows the log from a position on: every record that changed rows of users' tables, in order, each once,
 * and then those that are still to come, until the signal is given.
 *
 * @throws {RuntimeError} ERR_RUNTIME_POSITION when the log is shorter than that, ERR_RUNTIME_CLOSED
 */
export async function* followChanges(
  tenant: Tenant,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<RecordChanges, void> {
  if (!Number.isSafeInteger(from) || from < 0 || from > tenant.head + 1) {
    throw new RuntimeError(
      'expectation',
      'ERR_RUNTIME_POSITION',
      `position ${from} is not in the log`,
      {
        hint: `give a position from 0 to ${tenant.head + 1}`,
      },
    );
  }
  const stop = (): void => {
    tenant.advanced.wake();
  };
  signal.addEventListener('abort', stop);
  try {
    for (let position = from; !signal.aborted;) {
      if (position > tenant.head) {
        await tenant.advanced.next();
        continue;
      }
      const record = changesOf(tenant, toOffset(position));
      position += 1;
      if (record !== undefined) yield record;
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function changesOf(tenant: Tenant, position: Offset): RecordChanges | undefined {
  const [leaf] = tenant.leaves(position, 1);
  if (leaf === undefined || decodeRecordHeader(leaf).sealing === 'none') return undefined;
  const { event, timestamp } = tenant.openRecord(position);
  const changes = event.changes
    .filter(({ table }) => table.id >= USER_TABLE_ID_MIN)
    .map(({ table, event: kind, values }): RowChanged => ({
      table: table.definition,
      event: kind,
      values,
    }));
  return changes.length === 0 ? undefined : { position, timestamp, changes };
}
