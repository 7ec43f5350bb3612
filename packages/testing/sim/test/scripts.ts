/** Schedules that chance comes to seldom: each loses a committed op when one rule is switched off. */

import type { Mutation } from '@veritydb/vsr';

import type { Stage } from '../src/cluster/index.ts';

/** Two replicas agree on a new view, and on what a client asks in it. */
function goOnWith(stage: Stage, first: number, second: number): void {
  for (let round = 0; round < 3; round += 1) {
    stage.timeOut(first);
    stage.timeOut(second);
    stage.settle(30);
  }
  stage.ask(first);
  stage.settle(30);
}

/**
 * A replica that cannot read its head hears the log of its view as it was before the head: an old message.
 * View 1, its primary is replica 1.
 */
function staleView(stage: Stage): void {
  stage.cutOff(0);
  stage.ask(1);
  stage.settle(6);
  stage.crash(2, 1);
  stage.cutOff(0, 1);
  stage.start(2);
  stage.handOldView(2);
  stage.settle(6);
  stage.crash(1);
  stage.forget();
  stage.cutOff();
  goOnWith(stage, 0, 2);
}

/** A replica hears of a later view by a prepare of it ("Viewstamped Replication Revisited" §5.2). */
function truncTransfer(stage: Stage): void {
  // All have op 1, and only the primary knows that it is committed.
  stage.ask(1);
  for (let round = 0; round < 6 && stage.stateOf(1)?.commitMin !== 1; round += 1) stage.settle(1);
  stage.cutOff(0);
  stage.forget();
  // Replica 1 leaves the view and moves replica 2 into the next, whose log it never hears of.
  stage.crash(1);
  stage.start(1);
  for (let round = 0; round < 30 && stage.stateOf(2)?.view !== 2; round += 1) stage.settle(1);
  stage.cutOff(0, 1);
  stage.settle(6);
  stage.ask(2);
  stage.cutOff(1);
  stage.handNewest('prepare', 0);
  stage.cutOff(0, 1, 2);
  stage.settle(6);
  stage.crash(2);
  stage.forget();
  stage.cutOff();
  goOnWith(stage, 0, 1);
}

/** What cannot be read is known by its header again, and still not there. */
function unstick(stage: Stage): void {
  stage.cutOff(2);
  stage.ask(1);
  stage.settle(1);
  stage.cutOff(1, 2);
  stage.settle(1);
  const acknowledge = stage.withhold('prepare_ok', 1);
  stage.cutOff(2);
  stage.crash(0, 1);
  stage.start(0);
  // It is told where its log ends, and not yet what it lacks, nor that it is committed.
  settleUntil(stage, () => stage.stateOf(0)?.status === 'normal');
  stage.cutOff(0, 2);
  acknowledge();
  stage.crash(1);
  stage.forget();
  stage.cutOff();
  goOnWith(stage, 0, 2);
}

/** Until something holds of a replica, but not for ever. */
function settleUntil(stage: Stage, holds: () => boolean): void {
  for (let round = 0; round < 60 && !holds(); round += 1) stage.settle(1);
}

/** An acknowledgement of view 1 arrives in view 4: whoever gave it may have gone on to another log. */
function oldAcks(stage: Stage): void {
  const viewOf = (replica: number): number => stage.stateOf(replica)?.view ?? 0;
  // View 1: op 1 is on the disk of 2, whose word of it is under way, and not yet on that of 1.
  stage.cutOff(0);
  stage.hold(1);
  stage.ask(1);
  stage.settle(1);
  stage.cutOff(0, 1);
  stage.settle(1);
  const acknowledge = stage.withhold('prepare_ok', 1);
  // 0 and 2 leave it; then 2 is cut off, and 0 and 1, which has nothing on its disk, go on to view 3.
  stage.cutOff(1);
  stage.timeOut(0);
  stage.timeOut(2);
  settleUntil(stage, () => viewOf(0) >= 2 && viewOf(2) >= 2);
  stage.cutOff(2);
  settleUntil(stage, () => viewOf(1) >= 2);
  stage.timeOut(0);
  stage.timeOut(1);
  settleUntil(stage, () => viewOf(0) >= 3 && viewOf(1) >= 3);
  // 0 begins view 3 with another op 1, and nobody hears of it. Now 1 has written the first one.
  stage.cutOff(1, 2);
  stage.settle(20);
  stage.forget();
  stage.hold();
  // 1 and 2 both have it, and it is the log of view 4, of which 2 does not hear.
  stage.cutOff(0);
  stage.settle(2);
  for (let round = 0; round < 4 && viewOf(1) < 4; round += 1) {
    stage.timeOut(1);
    stage.timeOut(2);
    settleUntil(stage, () => viewOf(1) >= 4 && viewOf(2) >= 4);
  }
  stage.cutOff(0, 2);
  stage.settle(20);
  acknowledge();
  stage.crash(1);
  stage.forget();
  stage.cutOff();
  goOnWith(stage, 2, 0);
}

export const SCRIPTS: Readonly<Partial<Record<Mutation, (stage: Stage) => void>>> = {
  oldAcks,
  staleView,
  truncTransfer,
  unstick,
};
