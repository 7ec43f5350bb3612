/** What objects do when one operation comes after another: the sequential side of linearizability. */

import type { HistoryOperation, HistoryValue } from './history.ts';

/** One object under one key. States are text, so that equal states are equal values. */
export interface SequentialModel {
  readonly initial: string;
  /** The state after an operation; undefined where it cannot have returned what it did. */
  step(state: string, operation: HistoryOperation): string | undefined;
}

/** read → value, write(value), cas([old, new]) → boolean. */
export const registerModel: SequentialModel = {
  initial: 'null',
  step(state, { op, argument, result }) {
    if (op === 'read') {
      return result === undefined || JSON.stringify(result) === state ? state : undefined;
    }
    if (op === 'write') return JSON.stringify(argument);
    if (op !== 'cas') return undefined;
    const [before, after] = argument as readonly HistoryValue[];
    const isEqual = JSON.stringify(before) === state;
    if (result !== undefined && result !== isEqual) return undefined;
    return isEqual ? JSON.stringify(after) : state;
  },
};

/** append(value) → offset, get(offset) → value or null, len → count, scan({from, limit}) → values. */
export const logModel: SequentialModel = {
  initial: '[]',
  step(state, { op, argument, result }) {
    const values = JSON.parse(state) as readonly HistoryValue[];
    const isResult = (expected: HistoryValue): boolean =>
      result === undefined || JSON.stringify(result) === JSON.stringify(expected);
    if (op === 'append') {
      return isResult(values.length) ? JSON.stringify([...values, argument]) : undefined;
    }
    if (op === 'get') return isResult(values[argument as number] ?? null) ? state : undefined;
    if (op === 'len') return isResult(values.length) ? state : undefined;
    if (op !== 'scan') return undefined;
    const { from, limit } = argument as unknown as {
      readonly from: number;
      readonly limit: number;
    };
    return isResult(values.slice(from, from + limit)) ? state : undefined;
  },
};
