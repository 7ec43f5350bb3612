import { beforeAll, describe, expect, test } from 'vitest';

import { buildHttpApi } from '../src/index.ts';
import { furnishedHouse } from './memory-house.ts';

type Json = Record<string, unknown>;

const { gateway, publication } = furnishedHouse();
const app = buildHttpApi({
  gateway,
  publication,
  operator: null,
  version: '1.2.3',
  publicUrl: 'http://127.0.0.1:7420',
  onInternalError: () => {},
});

let document: Json;

beforeAll(async () => {
  document = (await (await app.request('/openapi.json')).json()) as Json;
});

function operations(): readonly { route: string; method: string; operation: Json }[] {
  return Object.entries(document['paths'] as Record<string, Record<string, Json>>).flatMap(
    ([route, item]) =>
      Object.entries(item).map(([method, operation]) => ({ route, method, operation })),
  );
}

function* references(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (name === '$ref') yield String(member);
    else yield* references(member);
  }
}

describe('the document, by the structure of OpenAPI 3.1.0 §4.8', () => {
  test('root members', () => {
    expect(document['openapi']).toBe('3.1.0');
    expect(document['info']).toMatchObject({ title: 'VerityDB', version: '1.2.3' });
    expect(document['servers']).toEqual([{ url: 'http://127.0.0.1:7420' }]);
  });

  test('every reference resolves', () => {
    const found = [...references(document)];
    expect(found.length).toBeGreaterThan(0);
    for (const reference of found) {
      let at: unknown = document;
      for (const part of reference.replace('#/', '').split('/')) at = (at as Json)[part];
      expect([reference, typeof at]).toEqual([reference, 'object']);
    }
  });

  test('operations: unique ids, declared path parameters, known security, described responses', () => {
    const ids = operations().map(({ operation }) => operation['operationId']);
    expect(new Set(ids).size).toBe(ids.length);
    const { securitySchemes } = document['components'] as { securitySchemes: Json };
    for (const { route, operation } of operations()) {
      const inRoute = [...route.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const parameters = (operation['parameters'] ?? []) as Json[];
      const declared = parameters.filter((parameter) => parameter['in'] === 'path');
      expect(declared.map((parameter) => parameter['name'])).toEqual(inRoute);
      for (const parameter of declared) expect(parameter['required']).toBe(true);
      for (const requirement of operation['security'] as Json[]) {
        for (const name of Object.keys(requirement)) expect(securitySchemes).toHaveProperty(name);
      }
      const responses = Object.entries(operation['responses'] as Record<string, Json>);
      for (const [status, response] of responses) {
        expect(status).toMatch(/^[1-5][0-9]{2}$/);
        expect(response['description']).toBeTypeOf('string');
        const types = Object.keys(response['content'] as Json);
        expect(types.includes('application/problem+json')).toBe(Number(status) >= 400);
      }
    }
  });

  test('every documented operation answers, with a status that it documents', async () => {
    for (const { route, method, operation } of operations()) {
      const path = route.replaceAll(/\{\w+\}/g, 'abc');
      const response = await app.request(path, { method: method.toUpperCase() });
      expect(Object.keys(operation['responses'] as Json)).toContain(String(response.status));
      const open = (operation['security'] as Json[]).length === 0;
      expect([route, response.status]).toEqual([route, open ? 200 : 401]);
    }
  });

  test('the operator’s routes are not in it', () => {
    expect(JSON.stringify(document)).not.toContain('/admin');
  });
});
