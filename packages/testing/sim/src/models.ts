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

/**
 * append(value) → offset, get(offset) → value or null, len → count, scan({from, limit}) → values. A state is
 * the count and then the values, one a line, so that most steps need not look at the values.
 */
export const logModel: SequentialModel = {
  initial: '0',
  step(state, { op, argument, result }) {
    const count = Number.parseInt(state, 10);
    if (op === 'append') {
      if (result !== undefined && result !== count) return undefined;
      return `${count + 1}${state.slice(String(count).length)}\n${JSON.stringify(argument)}`;
    }
    if (op === 'len') return result === undefined || result === count ? state : undefined;
    if (result === undefined) return state;
    const values = state.split('\n').slice(1);
    if (op === 'get') {
      return (values[argument as number] ?? 'null') === JSON.stringify(result) ? state : undefined;
    }
    if (op !== 'scan') return undefined;
    const { from, limit } = argument as unknown as {
      readonly from: number;
      readonly limit: number;
    };
    const found = `[${values.slice(from, from + limit).join(',')}]`;
    return found === JSON.stringify(result) ? state : undefined;
  },
};
