/** Makes a plan that fails small: the same failure, with as little of everything as can be. */

import { shrinkList } from '@veritydb/sim';
import { type Plan, type Request, runPlan } from '@veritydb/sim/cluster';
import type { Mutation } from '@veritydb/vsr';

interface Asked {
  readonly client: number;
  readonly request: Request;
}

export interface Shrunk {
  readonly plan: Plan;
  readonly runs: number;
}

/** Tries at most `runsMax` plans. What fails otherwise than before is not the same failure. */
export function shrinkPlan(plan: Plan, mutation: Mutation | undefined, runsMax: number): Shrunk {
  const options = mutation === undefined ? {} : { mutation };
  const kind = runPlan(plan, options).failure?.kind;
  let runs = 0;
  const fails = (candidate: Plan): boolean => {
    if (runs >= runsMax) return false;
    runs += 1;
    return runPlan(candidate, options).failure?.kind === kind;
  };
  let best = plan;
  const tries = (candidate: Plan): void => {
    if (fails(candidate)) best = candidate;
  };
  const rates = {
    lossPermille: 0,
    duplicatePermille: 0,
    flipPermille: 0,
  };
  tries({ ...best, ...rates });
  tries({ ...best, delayMinUs: 500, delayMeanUs: 500 });
  tries({ ...best, writeMeanUs: 500, readMeanUs: 500 });
  tries({ ...best, clockOffsetsUs: best.clockOffsetsUs.map(() => 0) });
  const faults = shrinkList(
    best.faults,
    (list) => fails({ ...best, faults: list }),
    runsMax - runs,
  );
  best = { ...best, faults };
  const asked = best.clients.flatMap((requests, client) =>
    requests.map((request): Asked => ({ client, request })),
  );
  const some = shrinkList(asked, (list) => fails(withRequests(best, list)), runsMax - runs);
  best = withRequests(best, some);
  for (let replicaCount = best.replicaCount - 1; replicaCount >= 1; replicaCount -= 1) {
    const core = best.core & (2 ** replicaCount - 1);
    if (best.faults.every((fault) => !('replica' in fault) || fault.replica < replicaCount)) {
      tries({ ...best, replicaCount, core: core === 0 ? 1 : core });
    }
  }
  return { plan: best, runs };
}

/** Clients keep their places, so that links and chance stay what they were. */
function withRequests(plan: Plan, asked: readonly Asked[]): Plan {
  const clients = plan.clients.map((_, client) =>
    asked.filter((one) => one.client === client).map(({ request }) => request),
  );
  return { ...plan, clients };
}
