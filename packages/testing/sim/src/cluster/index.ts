/** A cluster of replicas under a seed: plans, runs, and what must hold in them. */

export { type Exploration, exploreModel } from '../model/explore.ts';
export type { ModelBounds } from '../model/state.ts';
export { Checkers, type FailureKind, SimFailure } from './checkers.ts';
export { type RunOptions, type RunResult, runPlan } from './cluster.ts';
export {
  type ExploreBounds,
  type Explored,
  exploreReplicas,
  viewOfModel,
  wanderReplicas,
} from './explore.ts';
export {
  type Fault,
  type FaultKind,
  PROFILES,
  type Plan,
  type Profile,
  type Request,
  buildPlan,
} from './plan.ts';
export type { Stage } from './stage.ts';
export { type WalkOptions, type WalkResult, runWalk } from './walk.ts';
