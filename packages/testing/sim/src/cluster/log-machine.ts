/** The state machine of the simulator: logs by key, with the operations of `logModel`. */

import { utf8Decode, utf8Encode } from '@veritydb/types';
import type { StateMachine } from '@veritydb/vsr';

import type { HistoryValue } from '../history.ts';

export interface LogCommand {
  readonly op: string;
  readonly key: string;
  readonly argument: HistoryValue;
}

export class LogMachine implements StateMachine {
  readonly #logs = new Map<string, HistoryValue[]>();

  apply(_op: number, bytes: Uint8Array): Uint8Array {
    const command = JSON.parse(utf8Decode(bytes)) as LogCommand;
    return utf8Encode(JSON.stringify(this.execute(command)));
  }

  execute({ op, key, argument }: LogCommand): HistoryValue {
    let log = this.#logs.get(key);
    if (log === undefined) {
      log = [];
      this.#logs.set(key, log);
    }
    if (op === 'append') {
      log.push(argument);
      return log.length - 1;
    }
    if (op === 'get') return log[argument as number] ?? null;
    if (op === 'len') return log.length;
    const { from, limit } = argument as unknown as {
      readonly from: number;
      readonly limit: number;
    };
    return log.slice(from, from + limit);
  }

  encode(command: LogCommand): Uint8Array {
    return utf8Encode(JSON.stringify(command));
  }
}
