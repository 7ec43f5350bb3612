/** Every state of the model that can be reached, breadth first. */

import {
  type ModelBounds,
  type ModelMessage,
  type ModelReplica,
  type ModelState,
  firstState,
  textOfState,
} from './state.ts';
import { stepsOf } from './steps.ts';

export interface Exploration {
  /** Distinct states. */
  readonly states: number;
  /** The shortest way to a state that breaks an invariant; null where there is none. */
  readonly violation: { readonly invariant: string; readonly steps: readonly string[] } | null;
  /** Whether every state was seen: no violation, and no more than `statesMax`. */
  readonly isWhole: boolean;
}

interface Reached {
  readonly state: ModelState;
  readonly step: string;
  readonly from: Reached | null;
}

/**
 * Goes through all states, until one breaks an invariant or there are more than `statesMax`.
 *
 * @param onState told of each state once
 */
export function exploreModel(
  bounds: ModelBounds,
  statesMax: number,
  onState: (state: ModelState) => void = () => undefined,
): Exploration {
  const first: Reached = { state: firstState(bounds), step: 'Init', from: null };
  const seen = new Set([textOfState(first.state)]);
  onState(first.state);
  let front: Reached[] = [first];
  while (front.length > 0) {
    const next: Reached[] = [];
    for (const reached of front) {
      for (const { name, state } of stepsOf(bounds, reached.state)) {
        const text = textOfState(state);
        if (seen.has(text)) continue;
        seen.add(text);
        onState(state);
        const found: Reached = { state, step: name, from: reached };
        const invariant = brokenInvariant(bounds, state);
        if (invariant !== null) {
          return {
            states: seen.size,
            violation: { invariant, steps: wayTo(found) },
            isWhole: false,
          };
        }
        if (seen.size > statesMax) return { states: seen.size, violation: null, isWhole: false };
        next.push(found);
      }
    }
    front = next;
  }
  return { states: seen.size, violation: null, isWhole: true };
}

function wayTo(reached: Reached): readonly string[] {
  const steps: string[] = [];
  for (let at: Reached | null = reached; at !== null; at = at.from) steps.push(at.step);
  return steps.toReversed();
}

function brokenInvariant(bounds: ModelBounds, state: ModelState): string | null {
  if (state.bad) return 'Agreement';
  for (const [index, replica] of state.replicas.entries()) {
    if (!isCommittedThere(replica, state)) return 'CommittedMatch';
    if (!hasChosen(bounds, replica, index, state)) return 'NewPrimaryHasChosen';
    if (replica.logView > replica.view) return 'OnePrimaryLog';
  }
  return votesAgree(state) ? null : 'CanonicalAgree';
}

function isCommittedThere({ commit, log }: ModelReplica, { chosen }: ModelState): boolean {
  for (let at = 0; at < commit; at += 1) {
    const slot = log[at];
    if (slot === undefined) return false;
    if (slot.entry !== 0 && slot.entry !== chosen[at]) return false;
  }
  return true;
}

function hasChosen(
  { replicas }: ModelBounds,
  { log, logView, status, view }: ModelReplica,
  index: number,
  { chosen, chosenIn }: ModelState,
): boolean {
  const isNewPrimary =
    logView === view && view % replicas === index && (status === 'repair' || status === 'normal');
  if (!isNewPrimary) return true;
  return chosen.every((entry, at) => (chosenIn[at] as number) >= view || log[at]?.entry === entry);
}

/** Votes of one view by logs of one view never contradict one another. */
function votesAgree({ messages }: ModelState): boolean {
  const joins = [...messages.values()].filter(
    (message): message is Extract<ModelMessage, { kind: 'join' }> => message.kind === 'join',
  );
  return joins.every((a) =>
    joins.every(
      (b) =>
        a.view !== b.view ||
        a.logView !== b.logView ||
        a.headers.every(({ entry }, at) => {
          const other = b.headers[at]?.entry ?? 0;
          return entry === 0 || other === 0 || entry === other;
        }),
    ),
  );
}
