/**
 * The door of a witness (C2SP tlog-witness): one route. Nobody is authenticated but by the signatures in
 * what they send, and nothing secret is behind it.
 */

import { ADD_CHECKPOINT_LENGTH_MAX } from '@veritydb/merkle';
import { Hono } from 'hono';

import { readText } from './body.ts';
import { HttpError } from './error.ts';
import { problemResponse, statusOf } from './problem.ts';

export interface WitnessApiOptions {
  readonly witness: {
    /** Decides, makes durable and answers in one step. */
    addCheckpoint(body: string): {
      readonly status: number;
      readonly contentType: string;
      readonly body: string;
    };
  };
  /** Gets what the caller is not told: the cause of a 500 or a 503. */
  readonly onInternalError: (error: unknown) => void;
}

export function buildWitnessApi({ witness, onInternalError }: WitnessApiOptions): Hono {
  const app = new Hono();
  app.post('/add-checkpoint', async ({ req }) => {
    const text = await readText(req.raw, ADD_CHECKPOINT_LENGTH_MAX);
    const { status, contentType, body } = witness.addCheckpoint(text);
    return new Response(body, {
      status,
      headers: { 'content-type': contentType, 'cache-control': 'no-store' },
    });
  });
  app.notFound(() =>
    problemResponse(
      new HttpError('ERR_HTTP_PATH_UNKNOWN', 'there is nothing at this path', {
        hint: 'A witness answers POST /add-checkpoint: see c2sp.org/tlog-witness.',
      }),
    ),
  );
  app.onError((error) => {
    if (statusOf(error) >= 500) onInternalError(error);
    return problemResponse(error);
  });
  return app;
}
