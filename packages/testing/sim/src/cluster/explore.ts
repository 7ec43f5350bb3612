/**
 * Real replicas, in every order of events that there is within small bounds: breadth first, each way run
 * again from the beginning. What is seen of the replicas afterwards is compared with the model, which
 * tries every order of its own: a state that the model cannot be in is a rule that is not kept.
 */

import type { Mutation, ReplicaState } from '@veritydb/vsr';

import type { ModelReplica, ModelState } from '../model/state.ts';
import { SimRandom } from '../random.ts';
import type { Stage } from './stage.ts';
import { type WalkResult, runWalk } from './walk.ts';

export interface ExploreBounds {
  readonly requestMax: number;
  /** Of each replica, while it is no further than `viewMax`. */
  readonly timeoutMax: number;
  /** Views after the first one. */
  readonly viewMax: number;
  /** Of all replicas together. */
  readonly crashMax: number;
  readonly mutation?: Mutation;
}

export interface Explored {
  /** How often the cluster was run from its beginning. */
  readonly runs: number;
  /** Distinct states of the cluster: replicas, disks, and what is under way. */
  readonly states: number;
  /** Distinct views of them as {@link viewOfModel} has them. */
  readonly views: ReadonlySet<string>;
  readonly failure:
    | (NonNullable<WalkResult['failure']> & { readonly way: readonly string[] })
    | null;
  /** Whether there was nothing left to try. */
  readonly isWhole: boolean;
}

const REPLICA_COUNT = 3;

/** Every way, the shortest first, until there is none, one fails, or it was run so often. */
export function exploreReplicas(bounds: ExploreBounds, runsMax: number): Explored {
  const seen = new Set<string>();
  const views = new Set<string>();
  let front: (readonly string[])[] = [[]];
  let runs = 0;
  const end = (failure: Explored['failure'], isWhole = false): Explored => ({
    runs,
    states: seen.size,
    views,
    failure,
    isWhole,
  });
  while (front.length > 0) {
    const next: (readonly string[])[] = [];
    for (const way of front) {
      if (runs >= runsMax) return end(null);
      runs += 1;
      const { failure, reached } = runWay(bounds, way);
      if (failure !== undefined) return end({ ...failure, way });
      if (reached === undefined || seen.has(reached.fingerprint)) continue;
      seen.add(reached.fingerprint);
      views.add(reached.view);
      for (const choice of reached.choices) next.push([...way, choice]);
    }
    front = next;
  }
  return end(null, true);
}

/** Ways that a seed chooses, each until nothing can happen any more. */
export function wanderReplicas(bounds: ExploreBounds, seed: number, runCount: number): Explored {
  const random = new SimRandom(seed);
  const seen = new Set<string>();
  const views = new Set<string>();
  for (let run = 1; run <= runCount; run += 1) {
    const way: string[] = [];
    const { failure } = runWalk(1, {
      ...walkOptions(bounds),
      script: (stage) => {
        const actor = new Actor(stage, bounds);
        for (;;) {
          const { choices, fingerprint, view } = actor.look();
          seen.add(fingerprint);
          views.add(view);
          if (choices.length === 0) return;
          const choice = choices[random.below(choices.length)] as string;
          way.push(choice);
          actor.act(choice);
        }
      },
    });
    if (failure !== undefined) {
      return { runs: run, states: seen.size, views, failure: { ...failure, way }, isWhole: false };
    }
  }
  return { runs: runCount, states: seen.size, views, failure: null, isWhole: false };
}

interface Reached {
  readonly choices: readonly string[];
  readonly fingerprint: string;
  readonly view: string;
}

function runWay(
  bounds: ExploreBounds,
  way: readonly string[],
): { readonly failure: WalkResult['failure']; readonly reached: Reached | undefined } {
  let reached: Reached | undefined;
  const { failure } = runWalk(1, {
    ...walkOptions(bounds),
    script: (stage) => {
      const actor = new Actor(stage, bounds);
      for (const choice of way) actor.act(choice);
      reached = actor.look();
    },
  });
  return { failure, reached };
}

function walkOptions({ mutation }: ExploreBounds): { readonly mutation?: Mutation } {
  return mutation === undefined ? {} : { mutation };
}

/** Takes choices by their names, and knows which there are. */
class Actor {
  readonly #stage: Stage;
  readonly #bounds: ExploreBounds;
  readonly #firstView: number;
  readonly #firstOp: number;
  readonly #timeouts: number[];
  #requests = 0;
  #crashes = 0;

  constructor(stage: Stage, bounds: ExploreBounds) {
    this.#stage = stage;
    this.#bounds = bounds;
    stage.forget();
    const { op = 0, view = 0 } = stage.stateOf(0) ?? {};
    this.#firstView = view;
    this.#firstOp = op;
    this.#timeouts = Array.from({ length: REPLICA_COUNT }, () => 0);
  }

  act(choice: string): void {
    const [name, replica] = choice.split(' ');
    if (name === 'ask') {
      this.#requests += 1;
      this.#stage.ask(Number(replica));
    } else if (name === 'timeout') {
      const index = Number(replica);
      this.#timeouts[index] = (this.#timeouts[index] as number) + 1;
      this.#stage.timeOut(index);
    } else if (name === 'crash') {
      this.#crashes += 1;
      this.#stage.crash(Number(replica));
    } else if (name === 'start') this.#stage.start(Number(replica));
    else this.#stage.take(choice);
  }

  look(): Reached {
    const spent = `${this.#requests} ${this.#crashes} ${this.#timeouts.join()}`;
    const fingerprint = `${spent} ${this.#stage.fingerprint()}`;
    return { choices: this.#choices(), fingerprint, view: this.#view() };
  }

  #choices(): readonly string[] {
    const { crashMax, requestMax, timeoutMax, viewMax } = this.#bounds;
    const choices = [...this.#stage.choices()];
    for (let index = 0; index < REPLICA_COUNT; index += 1) {
      const state = this.#stage.stateOf(index);
      if (state === undefined) {
        choices.push(`start ${index}`);
        continue;
      }
      const { isPrimary, status, view } = state;
      if (isPrimary && status === 'normal' && this.#requests < requestMax) {
        choices.push(`ask ${index}`);
      }
      const isBelow = view - this.#firstView < viewMax;
      // A primary that starts again leaves its view, and may not for one that is beyond the bounds.
      if ((isBelow || !isPrimary) && this.#crashes < crashMax) choices.push(`crash ${index}`);
      if (isBelow && (this.#timeouts[index] as number) < timeoutMax) {
        choices.push(`timeout ${index}`);
      }
    }
    return choices;
  }

  /** Replicas in the order in which they are primaries, views and ops counted from the beginning. */
  #view(): string {
    return Array.from({ length: REPLICA_COUNT }, (_, place) => {
      const index = (place + this.#firstView) % REPLICA_COUNT;
      return viewOfReplica(this.#stage.stateOf(index), this.#firstView, this.#firstOp);
    }).join('; ');
  }
}

function viewOfReplica(
  state: ReplicaState | undefined,
  firstView: number,
  firstOp: number,
): string {
  if (state === undefined) return 'down';
  const { commitMin, logView, status, view } = state;
  // What it was given as committed, it has, although its log does not go so far.
  const op = Math.max(state.op, commitMin);
  return `${status} ${view - firstView} ${logView - firstView} ${op - firstOp} ${commitMin - firstOp}`;
}

const STATUS: Readonly<Record<ModelReplica['status'], string>> = {
  normal: 'normal',
  'view-change': 'view_change',
  repair: 'view_change',
  'recovering-head': 'recovering_head',
  'must-leave': 'must_leave',
  down: 'down',
};

/** What can be seen of a state of the model in a cluster of real replicas: not messages, not the disks. */
export function viewOfModel({ replicas }: ModelState): string {
  return replicas
    .map(({ commit, log, logView, status, view }) =>
      status === 'down' ? 'down' : `${STATUS[status]} ${view} ${logView} ${log.length} ${commit}`,
    )
    .join('; ');
}
