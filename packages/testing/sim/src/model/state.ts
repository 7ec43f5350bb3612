/**
 * States of the model of the protocol: what `packages/core/vsr` does, at the scale at which every order of
 * events can be tried. A port of the model in TLA+ that the protocol was checked with; names of fields and
 * actions are those of the model, so that both can be read side by side.
 */

/** One of its rules that is switched off: each of them is needed, and its absence is found. */
export type Mutation =
  | 'nackQuorum'
  | 'nackFaulty'
  | 'unstick'
  | 'truncTorn'
  | 'viewVolatile'
  | 'logViewVolatile'
  | 'lvNoHeaders'
  | 'amnesia'
  | 'samePrimary'
  | 'byOp';

/** How far the model goes: N, MaxView, MaxOp, MaxReq, MaxCrash, MaxCorrupt, Qr, Qv, Qn, MUT. */
export interface ModelBounds {
  readonly replicas: number;
  readonly viewMax: number;
  readonly opMax: number;
  readonly requestMax: number;
  readonly crashMax: number;
  readonly corruptionMax: number;
  readonly replicationQuorum: number;
  readonly viewChangeQuorum: number;
  readonly nackQuorum: number;
  readonly mutation: Mutation | null;
}

/**
 * `clean`: on disk. `pending`: its own write is under way. `header`: known, never written. `faulty`: was
 * written and cannot be read, its header known. `lost`: the same, header unknown.
 */
export type SlotState = 'clean' | 'pending' | 'header' | 'faulty' | 'lost';

export interface Slot {
  /** The entry; 0 while it is unknown. */
  readonly entry: number;
  readonly state: SlotState;
}

export type ReplicaStatus =
  | 'normal'
  | 'view-change'
  | 'repair'
  | 'recovering-head'
  | 'must-leave'
  | 'down';

export interface ModelReplica {
  readonly view: number;
  readonly logView: number;
  /** The log view before: what a crash goes back to where the log view was not made durable. */
  readonly logViewBefore: number;
  readonly status: ReplicaStatus;
  /** By op, from 1. */
  readonly log: readonly Slot[];
  readonly commit: number;
  readonly nonce: number;
}

export interface VoteHeader {
  readonly entry: number;
  readonly nack: boolean;
  readonly present: boolean;
}

export type ModelMessage =
  | {
      readonly kind: 'prepare';
      readonly view: number;
      readonly op: number;
      readonly entry: number;
      readonly parent: number;
    }
  | {
      readonly kind: 'ok';
      readonly view: number;
      readonly op: number;
      readonly entry: number;
      readonly replica: number;
    }
  | {
      readonly kind: 'join';
      readonly view: number;
      readonly replica: number;
      readonly logView: number;
      readonly commit: number;
      readonly headers: readonly VoteHeader[];
    }
  | {
      readonly kind: 'view';
      readonly view: number;
      /** A replica; or the number of replicas, which means all. */
      readonly to: number;
      readonly nonce: number;
      readonly entries: readonly number[];
    };

export interface ModelState {
  readonly replicas: readonly ModelReplica[];
  /** All that were ever sent, by their text: a message may come late, twice, or never. */
  readonly messages: ReadonlyMap<string, ModelMessage>;
  /** What was committed first, by op from 1, and in which view. */
  readonly chosen: readonly number[];
  readonly chosenIn: readonly number[];
  /** The commit that a view is known to have reached. */
  readonly viewCommit: readonly number[];
  readonly crashes: number;
  readonly corruptions: number;
  readonly requests: number;
  /** Whether two replicas have committed different entries, or one has lost one. */
  readonly bad: boolean;
}

export function firstState({ replicas, viewMax }: ModelBounds): ModelState {
  const replica: ModelReplica = {
    view: 0,
    logView: 0,
    logViewBefore: 0,
    status: 'normal',
    log: [],
    commit: 0,
    nonce: 0,
  };
  return {
    replicas: Array.from({ length: replicas }, () => replica),
    messages: new Map(),
    chosen: [],
    chosenIn: [],
    viewCommit: Array.from({ length: viewMax + 1 }, () => 0),
    crashes: 0,
    corruptions: 0,
    requests: 0,
    bad: false,
  };
}

/** The same text for equal states, and for no others. */
export function textOfState(state: ModelState): string {
  const replicas = state.replicas.map(
    ({ view, logView, logViewBefore, status, log, commit, nonce }) =>
      `${view},${logView},${logViewBefore},${status},${commit},${nonce}:${log.map(({ entry, state: slot }) => `${entry}${slot}`).join(' ')}`,
  );
  const { bad, chosen, chosenIn, corruptions, crashes, messages, requests, viewCommit } = state;
  return [
    replicas.join(';'),
    [...messages.keys()].toSorted().join(';'),
    chosen.join(),
    chosenIn.join(),
    viewCommit.join(),
    `${crashes} ${corruptions} ${requests} ${bad}`,
  ].join('|');
}

export function textOfMessage(message: ModelMessage): string {
  switch (message.kind) {
    case 'prepare':
      return `P${message.view},${message.op},${message.entry},${message.parent}`;
    case 'ok':
      return `O${message.view},${message.op},${message.entry},${message.replica}`;
    case 'join':
      return `J${message.view},${message.replica},${message.logView},${message.commit}:${message.headers.map(({ entry, nack, present }) => `${entry}${nack ? 'n' : ''}${present ? 'p' : ''}`).join(' ')}`;
    case 'view':
    default:
      return `V${message.view},${message.to},${message.nonce}:${message.entries.join(' ')}`;
  }
}
