/**
 * What the operator of the data folder may do. Not part of the public document: whoever serves these
 * decides which callers can reach them at all.
 */

import type { Administration } from '@veritydb/disclosure';
import { z } from 'zod';

import { auditAnswerJson, auditAnswerShape } from './answers.ts';
import { consentEndpoints } from './consent-endpoints.ts';
import { type Endpoint, defineEndpoint, jsonResponse } from './endpoint.ts';
import { erasureEndpoints } from './erasure-endpoints.ts';
import { logEndpoints } from './log-endpoints.ts';
import { policyEndpoints } from './policy-endpoints.ts';
import { reportEndpoints } from './report-endpoints.ts';
import { auditQuery, idShape, parametersShape, statementShape } from './requests.ts';
import { tokenEndpoints } from './token-endpoints.ts';

const BODY_SIZE_MAX = 256 * 1024;
const ROWS_BODY_SIZE_MAX = 8 * 1024 * 1024;
const ROWS_MAX = 1000;
const name = z.string().min(1).max(128);
const sentence = z.string().min(1).max(500);
const anyObject = z.looseObject({});

export function operatorEndpoints(administration: Administration): readonly Endpoint[] {
  return [
    statementEndpoint(administration),
    rowsEndpoint(administration),
    ...policyEndpoints(administration),
    ...tokenEndpoints(administration),
    auditEndpoint(administration),
    ...erasureEndpoints(administration),
    ...consentEndpoints(administration),
    ...reportEndpoints(administration),
    checkLogEndpoint(administration),
    ...logEndpoints(administration),
    statusEndpoint(administration),
  ];
}

function statementEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/sql',
    id: 'executeStatement',
    access: 'operator',
    summary: 'Execute one statement',
    body: z.strictObject({
      sql: statementShape,
      parameters: parametersShape.optional(),
      purpose: sentence,
    }),
    bodySizeMax: BODY_SIZE_MAX,
    success: { status: 200, description: 'Rows, or how many changed', content: anyObject },
    problems: [400, 409],
    answer: async ({ body }) => {
      const { sql, parameters = [], purpose } = body;
      const answer = await administration.execute(sql, parameters, purpose);
      return jsonResponse({
        statement: answer.statement,
        columns: answer.columns.map((column) => ({ name: column.name, type: column.type })),
        rows: answer.rows,
        erased: answer.erased,
        changed: answer.changed,
        position: answer.position,
      });
    },
  });
}

function rowsEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/rows',
    id: 'insertRows',
    access: 'operator',
    summary: 'Insert rows given as text: all of them or none',
    body: z.strictObject({
      table: name,
      columns: z.array(name).min(1).max(1000),
      rows: z.array(z.array(z.string().nullable())).max(ROWS_MAX),
      idempotency_id: idShape.optional(),
    }),
    bodySizeMax: ROWS_BODY_SIZE_MAX,
    success: { status: 201, description: 'Where the rows are', content: anyObject },
    problems: [400, 409],
    answer: async ({ body }) => {
      const answer = await administration.insertRows({
        table: body.table,
        columns: body.columns,
        rows: body.rows,
        ...(body.idempotency_id === undefined ? {} : { idempotencyId: body.idempotency_id }),
      });
      return jsonResponse({ position: answer.position, rows: answer.rows }, 201);
    },
  });
}

function auditEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/audit',
    id: 'auditAll',
    access: 'operator',
    summary: 'All access records, newest first',
    query: auditQuery,
    success: { status: 200, description: 'Access records', content: auditAnswerShape },
    problems: [400],
    answer: async ({ query }) =>
      jsonResponse(
        auditAnswerJson(
          await administration.auditAll({
            limit: query.limit,
            ...(query.before === undefined ? {} : { before: query.before }),
          }),
        ),
      ),
  });
}

function checkLogEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'post',
    route: '/admin/v1/log/check',
    id: 'checkLog',
    access: 'operator',
    summary: 'Read the whole log again and sign a checkpoint of it',
    success: { status: 200, description: 'What was found', content: anyObject },
    problems: [],
    answer: async () => {
      const check = await administration.checkLog();
      return jsonResponse({
        records: check.records,
        root: check.root,
        checkpoint: check.checkpoint,
        recoveries: check.recoveries.map((recovery) => ({
          offset: recovery.offset,
          reason: recovery.reason,
          discarded_bytes: recovery.discardedBytes,
        })),
        damaged: check.damaged.map(({ file, offset, position }) => ({ file, offset, position })),
      });
    },
  });
}

function statusEndpoint(administration: Administration): Endpoint {
  return defineEndpoint({
    method: 'get',
    route: '/admin/v1/status',
    id: 'getStatus',
    access: 'operator',
    summary: 'Tenant, position, tables and projections',
    success: { status: 200, description: 'Status', content: anyObject },
    problems: [],
    answer: async () => {
      const { tenant, position, tables, projections } = await administration.status();
      return jsonResponse({ tenant, position, tables, projections });
    },
  });
}
