/** Writers in a closed loop: each waits until its write is durable before it makes the next. */

/**
 * Group commit without a timer: what arrived before the event loop came round is one batch. The same for
 * both sides of a benchmark.
 */
export function groupCommit<Item>(
  commit: (batch: readonly Item[]) => void,
): (item: Item) => Promise<void> {
  let waiting: { readonly item: Item; readonly resolve: () => void }[] = [];
  const drain = (): void => {
    const batch = waiting;
    waiting = [];
    commit(batch.map(({ item }) => item));
    for (const { resolve } of batch) resolve();
  };
  return async (item) =>
    new Promise((resolve) => {
      if (waiting.length === 0) setImmediate(drain);
      waiting.push({ item, resolve });
    });
}

/** Lets each of `items` be written once, by so many writers at a time. Returns how many there were. */
export async function runWriters<Item>(
  items: readonly Item[],
  writerCount: number,
  write: (item: Item) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const writer = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next] as Item;
      next += 1;
      await write(item);
    }
  };
  await Promise.all(Array.from({ length: writerCount }, writer));
  return items.length;
}
