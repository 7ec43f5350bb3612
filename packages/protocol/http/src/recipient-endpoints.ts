/** What the bearer of a scoped token may ask. Each call goes through the gateway, which records it. */

import type { ExportBundle, Gateway } from '@veritydb/disclosure';
import { assert } from '@veritydb/types';
import { z } from 'zod';

import {
  auditAnswerJson,
  auditAnswerShape,
  exportAnswerJson,
  exportAnswerShape,
  exportListJson,
  exportListShape,
  queryAnswerJson,
  queryAnswerShape,
  schemaAnswerJson,
  schemaAnswerShape,
  verifyAnswerJson,
  verifyAnswerShape,
} from './answers.ts';
import { chooseRange } from './byte-range.ts';
import { type Endpoint, defineEndpoint, jsonResponse, requireSession } from './endpoint.ts';
import { HttpError } from './error.ts';
import { problemResponse } from './problem.ts';
import {
  auditQuery,
  foreignIdShape,
  idShape,
  offsetShape,
  parametersShape,
  statementShape,
  wholeNumber,
} from './requests.ts';
import { exchangeEndpoint } from './token-endpoints.ts';

const BODY_SIZE_MAX = 256 * 1024;

export function recipientEndpoints(gateway: Gateway): readonly Endpoint[] {
  return [
    schemaEndpoint(gateway),
    queryEndpoint(gateway),
    createExportEndpoint(gateway),
    listExportsEndpoint(gateway),
    readExportEndpoint(gateway),
    readExportedRowEndpoint(gateway),
    verifyEndpoint(gateway),
    auditEndpoint(gateway),
    exchangeEndpoint(gateway),
  ];
}

function schemaEndpoint(gateway: Gateway): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/v1/schema',
    id: 'getSchema',
    access: 'schema',
    summary: 'What this token may see',
    description:
      'Tables and columns that the token and the policy let out, with the transform of each column and what a WHERE or ORDER BY may do with it.',
    query: z.strictObject({ table: z.string().min(1).max(128).optional() }),
    success: { status: 200, description: 'Tables and columns', content: schemaAnswerShape },
    problems: [400],
    answer: async ({ query }, session) =>
      jsonResponse(schemaAnswerJson(await gateway.schema(requireSession(session), query.table))),
  });
}

function queryEndpoint(gateway: Gateway): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/v1/query',
    id: 'query',
    access: 'query',
    summary: 'Ask one SELECT',
    description:
      'Answers from the transformed view: predicates, order and aggregates see what the token may see. The answer carries the position that it is as of, and the receipt of its record in the log.',
    body: z.strictObject({
      sql: statementShape,
      parameters: parametersShape.optional(),
      position: offsetShape.optional(),
      max_rows: z.int().min(1).optional(),
    }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'Rows', content: queryAnswerShape },
    problems: [400, 409],
    answer: async ({ body }, session) => {
      const answer = await gateway.query(requireSession(session), {
        sql: body.sql,
        parameters: body.parameters ?? [],
        ...(body.position === undefined ? {} : { position: body.position }),
        ...(body.max_rows === undefined ? {} : { maxRows: body.max_rows }),
      });
      return jsonResponse(queryAnswerJson(answer));
    },
  });
}

function createExportEndpoint(gateway: Gateway): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/v1/exports',
    id: 'createExport',
    access: 'export',
    summary: 'Make a signed export',
    description:
      'Makes a bundle that anybody can verify offline with the log key. The same idempotency_id gets the same export. Download the bundle with the same token.',
    body: z.strictObject({
      sql: statementShape,
      parameters: parametersShape.optional(),
      idempotency_id: idShape,
      held_tree_size: z.int().min(1).optional(),
      csv: z.boolean().optional(),
      parquet: z.boolean().optional(),
    }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 201, description: 'The export', content: exportAnswerShape },
    problems: [400, 409],
    answer: async ({ body }, session) => {
      const answer = await gateway.createExport(requireSession(session), {
        sql: body.sql,
        parameters: body.parameters ?? [],
        idempotencyId: body.idempotency_id,
        ...(body.held_tree_size === undefined ? {} : { heldTreeSize: body.held_tree_size }),
        ...(body.csv === undefined ? {} : { csv: body.csv }),
        ...(body.parquet === undefined ? {} : { parquet: body.parquet }),
      });
      const response = jsonResponse(exportAnswerJson(answer), 201);
      response.headers.set('location', `/v1/exports/${encodeURIComponent(answer.exportId)}/bundle`);
      return response;
    },
  });
}

function listExportsEndpoint(gateway: Gateway): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/v1/exports',
    id: 'listExports',
    access: 'export',
    summary: 'What this token has exported',
    description: 'Newest first. Each can be downloaded again as long as the token may be used.',
    success: { status: 200, description: 'Exports', content: exportListShape },
    problems: [],
    answer: async (_inputs, session) =>
      jsonResponse(exportListJson(await gateway.listExports(requireSession(session)))),
  });
}

function readExportEndpoint(gateway: Gateway): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/v1/exports/{id}/bundle',
    id: 'readExportBundle',
    access: 'export',
    summary: 'Download an export',
    description:
      'The bundle, byte for byte as it was recorded. Its ETag is its SHA-256, and a download that broke off goes on with Range and If-Range (RFC 9110 §14). Only the token that made the export may read it.',
    path: z.strictObject({ id: foreignIdShape }),
    success: { status: 200, description: 'The bundle', content: 'application/zip' },
    problems: [400, 404, 416],
    answer: async ({ headers, path }, session) => {
      const bundle = await gateway.readExport(requireSession(session), path.id);
      assert(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(bundle.fileName), 'file name of a bundle');
      return bundleResponse(bundle, headers);
    },
  });
}

function readExportedRowEndpoint(gateway: Gateway): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/v1/exports/{id}/sd-jwt',
    id: 'readExportedRow',
    access: 'export',
    summary: 'A row of an export, as an SD-JWT',
    description:
      'RFC 9901, signed by the log’s key: one disclosure for each column, which its holder may show or keep back. Lines are counted from 1. Only the token that made the export may read it.',
    path: z.strictObject({ id: foreignIdShape }),
    query: z.strictObject({ table: z.string().min(1).max(63), line: wholeNumber }),
    success: { status: 200, description: 'The SD-JWT', content: 'application/sd-jwt' },
    problems: [400, 404],
    answer: async ({ path, query }, session) => {
      const row = { exportId: path.id, line: query.line, table: query.table };
      const text = await gateway.readExportedRow(requireSession(session), row);
      return new Response(text, {
        headers: { 'content-type': 'application/sd-jwt', 'cache-control': 'no-store' },
      });
    },
  });
}

function bundleResponse({ bytes, fileName, sha256 }: ExportBundle, asked: Headers): Response {
  const { size } = bytes;
  const tag = `"${sha256}"`;
  const { end, start, status } = chooseRange(asked, size, tag);
  if (status === 416) {
    const error = new HttpError('ERR_HTTP_RANGE', `the bundle has ${size} bytes`, {
      hint: 'Ask for a range that begins before its end, or for the whole.',
    });
    const refused = problemResponse(error);
    refused.headers.set('content-range', `bytes */${size}`);
    return refused;
  }
  const headers = new Headers({
    'accept-ranges': 'bytes',
    'content-type': 'application/zip',
    'content-length': String(end - start),
    'content-disposition': `attachment; filename="${fileName}"`,
    etag: tag,
    'cache-control': 'no-store',
  });
  if (status === 206) headers.set('content-range', `bytes ${start}-${end - 1}/${size}`);
  return new Response(streamOf(bytes.between(start, end)), { status, headers });
}

/** A body that is handed on piece by piece, as fast as it is taken. */
function streamOf(pieces: Generator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = pieces.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
}

function verifyEndpoint(gateway: Gateway): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/v1/verify',
    id: 'verify',
    access: 'verify',
    summary: 'Check a receipt or an export',
    description: 'Give exactly one of receipt_id and export_id.',
    query: z
      .strictObject({ receipt_id: idShape.optional(), export_id: foreignIdShape.optional() })
      .refine((query) => (query.receipt_id === undefined) !== (query.export_id === undefined), {
        message: 'expected exactly one of receipt_id and export_id',
      }),
    success: { status: 200, description: 'The checks', content: verifyAnswerShape },
    problems: [400, 404],
    answer: async ({ query }, session) => {
      const answer = await gateway.verify(requireSession(session), {
        ...(query.receipt_id === undefined ? {} : { receiptId: query.receipt_id }),
        ...(query.export_id === undefined ? {} : { exportId: query.export_id }),
      });
      return jsonResponse(verifyAnswerJson(answer));
    },
  });
}

function auditEndpoint(gateway: Gateway): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/v1/audit',
    id: 'audit',
    access: 'audit',
    summary: 'What this token was used for',
    description:
      'Access records, newest first. Continue with the offset of the last entry as before.',
    query: auditQuery,
    success: { status: 200, description: 'Access records', content: auditAnswerShape },
    problems: [400],
    answer: async ({ query }, session) =>
      jsonResponse(
        auditAnswerJson(
          await gateway.audit(requireSession(session), {
            limit: query.limit,
            ...(query.before === undefined ? {} : { before: query.before }),
          }),
        ),
      ),
  });
}
