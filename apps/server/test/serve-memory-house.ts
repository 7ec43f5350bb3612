/** The server's process over a house in memory: what a test starts as a child. */

import { furnishedHouse } from '../../../packages/protocol/http/test/memory-house.ts';
import { run } from '../src/run.ts';

process.exitCode = await run(async () => {
  const { gateway, administration, publication } = furnishedHouse();
  return {
    gateway,
    administration,
    operatorSecret: 'operator-secret',
    publication,
    rebuiltIndexes: [],
    startScrubbing: () => undefined,
    close: () => {
      process.stderr.write('database closed\n');
    },
  };
});
