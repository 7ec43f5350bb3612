/** The thread of the second opinion: it may hang or crash, and nothing else stops. */

import { parentPort } from 'node:worker_threads';

import { agree, parseStatement } from '@veritydb/query';
import { secondOpinion } from '@veritydb/query/second-opinion';
import { VerityError, assert } from '@veritydb/types';

const port = parentPort;
assert(port !== null, 'second opinion runs as a worker');

port.on('message', (text: string) => {
  try {
    agree(parseStatement(text), secondOpinion(text));
    port.postMessage({ kind: 'answer', refusal: null });
  } catch (error) {
    const refusal =
      error instanceof VerityError
        ? { code: error.code, message: error.message, hint: error.hint }
        : { code: 'ERR_QUERY_DISAGREEMENT', message: 'the second parser fails on this statement' };
    port.postMessage({ kind: 'answer', refusal });
  }
});
port.postMessage({ kind: 'ready' });
