/** What the operator takes away from the log: proofs of it, backups of it, tombstones for older ones. */

import type { Administration, KeysAsked } from '@veritydb/disclosure';
import { bytesToBase64 } from '@veritydb/types';
import { z } from 'zod';

import { type Endpoint, defineEndpoint, jsonResponse, textResponse } from './endpoint.ts';
import { HttpError } from './error.ts';
import { wholeNumber } from './requests.ts';
import type { PublishedLog } from './tile-routes.ts';

export function logEndpoints(administration: Administration): readonly Endpoint[] {
  return [
    proofEndpoint(administration),
    receiptEndpoint(administration),
    consistencyEndpoint(administration),
    stateProofEndpoint(administration),
    backupEndpoint(administration),
    tombstonesEndpoint(administration),
  ];
}

function proofEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/log/proof',
    id: 'proveRecord',
    access: 'operator',
    summary: 'Prove that a record stands in the log',
    description: 'A C2SP tlog-proof with a signed checkpoint, and the leaf that it proves.',
    query: z.strictObject({ offset: wholeNumber, size: wholeNumber.optional() }),
    success: {
      status: 200,
      description: 'The proof and the leaf',
      content: z.strictObject({ proof: z.string(), leaf: z.string() }),
    },
    problems: [400, 409],
    answer: async ({ query }) => {
      const { leaf, proof } = await administration.logProof(query.offset, query.size);
      return jsonResponse({ proof, leaf });
    },
  });
}

function receiptEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/log/receipt',
    id: 'receiptRecord',
    access: 'operator',
    summary: 'Prove that a record stands in the log, as a COSE receipt',
    description: 'A receipt of RFC 9942 in base64, and the leaf that it proves.',
    query: z.strictObject({ offset: wholeNumber, size: wholeNumber.optional() }),
    success: {
      status: 200,
      description: 'The receipt and the leaf',
      content: z.strictObject({ receipt: z.string(), leaf: z.string() }),
    },
    problems: [400, 409],
    answer: async ({ query }) => {
      const { leaf, receipt } = await administration.logReceipt(query.offset, query.size);
      return jsonResponse({ receipt: bytesToBase64(receipt), leaf });
    },
  });
}

function consistencyEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/log/consistency',
    id: 'proveConsistency',
    access: 'operator',
    summary: 'Prove that the log has only grown since an earlier size',
    description: 'The body of an add-checkpoint request of C2SP tlog-witness.',
    query: z.strictObject({ old: wholeNumber, new: wholeNumber.optional() }),
    success: { status: 200, description: 'A consistency text', content: 'text/plain' },
    problems: [400, 409],
    answer: async ({ query }) =>
      textResponse(await administration.logConsistency(query.old, query.new)),
  });
}

/** Without members that are undefined. */
function asked({
  at,
  from,
  to,
}: {
  readonly at?: readonly string[] | undefined;
  readonly from?: readonly string[] | undefined;
  readonly to?: readonly string[] | undefined;
}): KeysAsked {
  return {
    ...(at === undefined ? {} : { at }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

const KEYS_BODY_SIZE_MAX = 256 * 1024;
const keyShape = z.array(z.string().max(1024)).min(1).max(64);

function stateProofEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/log/state-proof',
    id: 'proveState',
    access: 'operator',
    summary: 'Prove what a range of a table or an index holds now',
    description:
      'Keys as text: `at` the values of the first columns or of all, or `from` and before `to`; without them the whole table. Writes a checkpoint record where there is something newer.',
    body: z.strictObject({
      name: z.string().min(1).max(130),
      at: keyShape.optional(),
      from: keyShape.optional(),
      to: keyShape.optional(),
    }),
    bodySizeMax: KEYS_BODY_SIZE_MAX,
    success: { status: 200, description: 'docs/formats/state.md', content: 'text/plain' },
    problems: [400, 409],
    answer: async ({ body: { name, ...keys } }) =>
      textResponse(await administration.proveState(name, asked(keys))),
  });
}

function backupEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/backup',
    id: 'takeBackup',
    access: 'operator',
    summary: 'Take a backup: an archive of log and wrapped keys as of now',
    success: { status: 200, description: 'A tar archive', content: 'application/x-tar' },
    problems: [],
    answer: async () => {
      const chunks = (await administration.backup())[Symbol.iterator]();
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const { done, value } = chunks.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
        cancel() {
          chunks.return?.();
        },
      });
      return new Response(body, {
        headers: { 'content-type': 'application/x-tar', 'cache-control': 'no-store' },
      });
    },
  });
}

/** A checkpoint of all that is in the log, now: not of what its clock would publish next. */
export function publishEndpoint(
  publish: (() => Promise<boolean>) | null,
  publication: PublishedLog,
): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/log/publish',
    id: 'publishCheckpoint',
    access: 'operator',
    summary: 'Publish a checkpoint of the whole log now, with the cosignatures of its witnesses',
    success: { status: 200, description: 'The published checkpoint', content: 'text/plain' },
    problems: [503],
    answer: async () => {
      if (publish === null) {
        throw new HttpError('ERR_HTTP_PUBLISHING', 'no server is running that publishes', {
          hint: 'Start one: it knows the witnesses. `verity start` does.',
        });
      }
      const isPublished = await publish();
      const { newest } = publication;
      if (isPublished && newest !== null) return textResponse(newest.note);
      throw new HttpError('ERR_HTTP_PUBLISHING', 'no checkpoint of the whole log was published', {
        hint: 'The older one stays. The server has told on its standard error which witness did not sign, and why.',
      });
    },
  });
}

function tombstonesEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/tombstones',
    id: 'getTombstones',
    access: 'operator',
    summary: 'The keys that were destroyed, signed: what a restore must leave out',
    success: { status: 200, description: 'A signed note', content: 'text/plain' },
    problems: [],
    answer: async () => textResponse(await administration.tombstones()),
  });
}
