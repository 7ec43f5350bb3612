/** How long replicas wait, in ticks of 10 ms. */

export const TICK_MS = 10;
/** Between signs of life of a primary. */
export const HEARTBEAT_TICKS = 10;
/** Without one, a backup suspects its primary; on top comes as much jitter. */
export const SUSPECT_TICKS = 60;
export const SUSPECT_JITTER_TICKS = 40;
/** A vote against a primary counts for so long. */
export const VOTE_TICKS = 150;
export const VOTE_RESEND_TICKS = 20;
/** A view change that does not end is given up. */
export const VIEW_CHANGE_TICKS = 100;
export const JOIN_RESEND_TICKS = 20;
export const REQUEST_VIEW_TICKS = 30;
export const PREPARE_RESEND_TICKS = 15;
/** A primary that hears of no quorum for so long falls silent, so that others go on without it. */
export const ABDICATE_TICKS = 200;
export const REPAIR_TICKS = 6;
/** Requests for repair in one round. */
export const REPAIR_BUDGET = 4;
export const PING_TICKS = 100;
