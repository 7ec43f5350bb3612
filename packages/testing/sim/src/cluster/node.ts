/** What waits in the queue of a simulated cluster, and what a simulated machine is. */

import type { Replica, Zone } from '@veritydb/vsr';

import type { LogMachine } from './log-machine.ts';
import type { Fault } from './plan.ts';
import type { PendingWrite, ZoneDisk } from './zone-disk.ts';

export type Event =
  | { readonly kind: 'tick'; readonly node: number; readonly life: number }
  | { readonly kind: 'deliver'; readonly node: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'write';
      readonly node: number;
      readonly life: number;
      readonly pending: PendingWrite;
      readonly done: () => void;
    }
  | {
      readonly kind: 'read';
      readonly node: number;
      readonly life: number;
      readonly zone: Zone;
      readonly at: number;
      readonly size: number;
      readonly done: (bytes: Uint8Array) => void;
    }
  | { readonly kind: 'start'; readonly node: number }
  | { readonly kind: 'next'; readonly node: number }
  | { readonly kind: 'barrier'; readonly count: number }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'mend'; readonly from: number; readonly to: number }
  | { readonly kind: 'calm' };

export interface ReplicaNode {
  readonly id: number;
  readonly disk: ZoneDisk;
  replica: Replica | undefined;
  machine: LogMachine;
  /** Counts starts: what belongs to an earlier life is dropped. */
  life: number;
  pausedUntilUs: number;
  slowFactor: number;
  slowUntilUs: number;
  clockOffsetUs: number;
  /** Its next write fails, and with it the process. */
  isDiskFailing: boolean;
  downForUs: number;
  ioCount: number;
  /** Not part of the core: never starts again. */
  isGone: boolean;
}
