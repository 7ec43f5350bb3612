/**
 * The order of simulated events: a binary heap by time, and by order of entry where times are equal, so
 * that a run does not depend on the heap's shape.
 */

import { assert } from '@veritydb/types';

export class EventQueue<Event> {
  #times: number[] = [];
  #sequences: number[] = [];
  #events: Event[] = [];
  #sequence = 0;
  #nowUs = 0;

  /** The time of the event that was taken last, in microseconds. */
  get nowUs(): number {
    return this.#nowUs;
  }

  get length(): number {
    return this.#events.length;
  }

  /** Puts an event at a time, which must not have passed. */
  push(timeUs: number, event: Event): void {
    assert(Number.isSafeInteger(timeUs) && timeUs >= this.#nowUs, 'an event is in the past');
    let at = this.#events.length;
    const sequence = (this.#sequence += 1);
    this.#times.push(timeUs);
    this.#sequences.push(sequence);
    this.#events.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** Takes the next event and moves the time to it; undefined when there is none. */
  pop(): Event | undefined {
    const last = this.#events.length - 1;
    if (last < 0) return undefined;
    this.#nowUs = this.#times[0] as number;
    const event = this.#events[0] as Event;
    this.#swap(0, last);
    this.#times.pop();
    this.#sequences.pop();
    this.#events.pop();
    this.#sink(last);
    return event;
  }

  #sink(length: number): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= length) return;
      const right = left + 1;
      const child = right < length && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, at)) return;
      this.#swap(child, at);
      at = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const difference = (this.#times[a] as number) - (this.#times[b] as number);
    if (difference !== 0) return difference < 0;
    return (this.#sequences[a] as number) < (this.#sequences[b] as number);
  }

  #swap(a: number, b: number): void {
    const [times, sequences, events] = [this.#times, this.#sequences, this.#events];
    const time = times[a] as number;
    times[a] = times[b] as number;
    times[b] = time;
    const sequence = sequences[a] as number;
    sequences[a] = sequences[b] as number;
    sequences[b] = sequence;
    const event = events[a] as Event;
    events[a] = events[b] as Event;
    events[b] = event;
  }
}
