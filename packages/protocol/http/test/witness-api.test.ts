import { VerityError } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import { buildWitnessApi } from '../src/index.ts';

/** The door alone: what stands behind it answers with what it was sent. */
function doorTo(answer: (body: string) => { status: number; contentType: string; body: string }) {
  const faults: unknown[] = [];
  const app = buildWitnessApi({
    witness: { addCheckpoint: answer },
    onInternalError: (error) => faults.push(error),
  });
  const post = async (body: string | Uint8Array<ArrayBuffer>, path = '/add-checkpoint') =>
    app.request(path, { method: 'POST', body });
  return { app, faults, post };
}

describe('the door of a witness', () => {
  test('gives on what it was sent, and what is answered', async () => {
    const { post } = doorTo((body) => ({ status: 409, contentType: 'text/x.tlog.size', body }));
    const response = await post('7\n');
    expect([response.status, await response.text()]).toEqual([409, '7\n']);
    expect(response.headers.get('content-type')).toBe('text/x.tlog.size');
  });

  test('bounds the body before anybody looks at it, and takes UTF-8 alone', async () => {
    const { post } = doorTo(() => {
      throw new Error('was looked at');
    });
    expect((await post('x'.repeat(65_537))).status).toBe(413);
    expect((await post(Uint8Array.of(0xff))).status).toBe(400);
  });

  test('has one route', async () => {
    const { app, post } = doorTo((body) => ({ status: 200, contentType: 'text/plain', body }));
    expect((await app.request('/add-checkpoint')).status).toBe(404);
    expect((await post('', '/other')).status).toBe(404);
  });

  test('tells the operator of a fault, and nobody else', async () => {
    const { faults, post } = doorTo(() => {
      throw new VerityError('unavailable', 'ERR_TRANSPARENCY_WITNESS_FAILED', 'disk');
    });
    const response = await post('x');
    expect([response.status, faults.length]).toEqual([503, 1]);
    expect(await response.text()).toContain('ERR_TRANSPARENCY_WITNESS_FAILED');
  });
});
