/** A cluster without time: what waits in it, and what a script may do with it. */

import type { Command, Message, Replica, ReplicaState, Zone } from '@veritydb/vsr';

import type { PendingWrite, ZoneDisk } from './zone-disk.ts';

/** A message that waits. */
export interface Envelope {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
  readonly command: Command;
  /** What it says and to whom; the same for one that is sent again. */
  readonly name: string;
}

export function envelopeOf(from: number, to: number, { bytes, header }: Message): Envelope {
  const { command, commit, op, view } = header;
  const name = `${to} gets ${command} ${view}.${op}.${commit} of ${from}`;
  return { from, to, bytes: bytes.slice(), command, name };
}

export type Io =
  | { readonly kind: 'write'; readonly pending: PendingWrite; readonly done: () => void }
  | {
      readonly kind: 'read';
      readonly zone: Zone;
      readonly at: number;
      readonly size: number;
      readonly done: (bytes: Uint8Array) => void;
    };

/** A machine without time of its own. */
export interface WalkNode {
  readonly id: number;
  readonly disk: ZoneDisk;
  replica: Replica | undefined;
  life: number;
  nowUs: number;
  io: Io[];
  /** Names of what it was handed in this life. */
  readonly heard: Set<string>;
}

/** All that may decide what a machine does next, but for its timers. */
export function fingerprintOf({ heard, io, replica }: WalkNode): string {
  const waiting = io.map((one) =>
    one.kind === 'write' ? `${one.pending.zone} ${one.pending.at}` : `read ${one.zone}`,
  );
  return JSON.stringify([replica?.state, waiting, [...heard].toSorted()]);
}

/** What a script may do with a cluster, instead of chance. */
export interface Stage {
  /** All who are not cut off go on, and a little time passes. */
  settle(rounds: number): void;
  /** These replicas hear nobody and are heard by nobody; nobody else is. Their messages wait. */
  cutOff(...replicas: readonly number[]): void;
  /** A new request comes to the primary, or to this replica if there is none. */
  ask(replica: number): void;
  /** Everything it wrote is on the disk; one prepare rots there, if one is named. */
  crash(replica: number, rottenOp?: number): void;
  start(replica: number): void;
  timeOut(replica: number): void;
  /** The newest waiting message of a kind, before all others. */
  handNewest(command: Command, replica: number): void;
  /** The first log of a view that a replica was ever sent, once more. */
  handOldView(replica: number): void;
  /** A replica's prepares are not written until this is said again of nobody. */
  hold(replica?: number): void;
  /** Takes messages of a kind out of the network; what it gives hands them over at last. */
  withhold(command: Command, replica: number): () => void;
  /** The network loses all that is under way. */
  forget(): void;
  stateOf(replica: number): ReplicaState | undefined;
  /** What can happen next of its own accord: a message arrives, or a disk goes on. */
  choices(): readonly string[];
  /** Lets one of them happen. A message that is under way more than once is lost but for this time. */
  take(choice: string): void;
  /** The same for clusters that cannot be told apart. */
  fingerprint(): string;
}
