/**
 * A token that was seen before against one that was not. Whether it may be used, both ask of the log on
 * every call; what is kept is that signature and claims were good.
 */

import type { Benchmark } from '../benchmark.ts';
import { openClinic } from '../clinic.ts';

const NEW_COUNT = 100;
const CALL_COUNT = 5000;

export const tokenVerify: Benchmark = {
  name: 'token-verify',
  ours: 'authenticate, token seen before',
  peer: 'authenticate, token not seen before',
  unit: 'token',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 50, stretch: 100 },
  async open(folder) {
    const { authenticate, database, issueToken } = await openClinic(folder, 1);
    const known = await issueToken();
    let fresh: readonly string[] = [];
    return {
      ours: {
        async run() {
          for (let index = 0; index < CALL_COUNT; index += 1) await authenticate(known);
          return CALL_COUNT;
        },
      },
      peer: {
        async before() {
          fresh = await Promise.all(Array.from({ length: NEW_COUNT }, issueToken));
        },
        async run() {
          for (const token of fresh) await authenticate(token);
          return fresh.length;
        },
      },
      close: () => {
        database.close();
      },
    };
  },
};
