/**
 * What clients saw, as JSON lines in the order of real time: `{"id","client","type":"invoke","op","key",
 * "value"}`, then of the same id `ok` with the result, `fail` (certainly did not happen) or `info` (may
 * happen at any later time, as when nothing follows).
 */

import { TypesError, isJsonObject, parseJson } from '@veritydb/types';

export type HistoryValue = null | boolean | number | string | readonly HistoryValue[];

/** One operation of one client. */
export interface HistoryOperation {
  readonly id: number;
  readonly client: number;
  readonly op: string;
  readonly key: string;
  readonly argument: HistoryValue;
  /** Place in the history of the call. */
  readonly calledAt: number;
  /** Place of its return; infinity where it is not known to have ended. */
  returnedAt: number;
  result: HistoryValue | undefined;
}

/**
 * The operations of a history, those taken out that certainly did not happen.
 *
 * @throws {TypesError} ERR_TYPES_JSON unless every line is of the format
 */
export function parseHistory(text: string): readonly HistoryOperation[] {
  const operations = new Map<number, HistoryOperation>();
  const lines = text.split('\n').filter((line) => line !== '');
  for (const [place, line] of lines.entries()) {
    const value = parseJson(line);
    if (!isJsonObject(value)) throw malformed(place);
    const { id, client, type, op, key } = value;
    if (typeof id !== 'number' || typeof type !== 'string') throw malformed(place);
    if (type === 'invoke') {
      if (typeof client !== 'number' || typeof op !== 'string' || typeof key !== 'string') {
        throw malformed(place);
      }
      const argument = (value['value'] ?? null) as HistoryValue;
      const open = { returnedAt: Number.POSITIVE_INFINITY, result: undefined };
      operations.set(id, { id, client, op, key, argument, calledAt: place, ...open });
      continue;
    }
    const operation = operations.get(id);
    if (operation === undefined) throw malformed(place);
    if (type === 'ok') {
      operation.returnedAt = place;
      operation.result = (value['value'] ?? null) as HistoryValue;
    } else if (type === 'fail') operations.delete(id);
    else if (type !== 'info') throw malformed(place);
  }
  return [...operations.values()];
}

function malformed(place: number): TypesError {
  return new TypesError('ERR_TYPES_JSON', `line ${place + 1} is no event of a history`);
}

/** Writes a history down, event by event. */
export class HistoryWriter {
  #lines: string[] = [];

  invoke(operation: Pick<HistoryOperation, 'id' | 'client' | 'op' | 'key' | 'argument'>): void {
    const { id, client, op, key, argument } = operation;
    this.#lines.push(JSON.stringify({ id, client, type: 'invoke', op, key, value: argument }));
  }

  ok(id: number, client: number, value: HistoryValue): void {
    this.#lines.push(JSON.stringify({ id, client, type: 'ok', value }));
  }

  get text(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }
}
