import { VerityError } from '@veritydb/types';
import { describe, expect, test } from 'vitest';

import { TokenRefusedError, allowedPlaces, assertAllowedPlace, statusOf } from '../src/index.ts';

const error = (kind: VerityError['kind'], code: string) => new VerityError(kind, code, 'text');

describe('the table from kind and code to status', () => {
  const rows: readonly [VerityError['kind'], string, number][] = [
    ['format', 'ERR_QUERY_SYNTAX', 400],
    ['format', 'ERR_QUERY_UNKNOWN_COLUMN', 400],
    ['verification', 'ERR_BUNDLE_INTEGRITY', 422],
    ['expectation', 'ERR_RUNTIME_POSITION', 409],
    ['expectation', 'ERR_DISCLOSURE_EXPORT_UNKNOWN', 404],
    ['denied', 'ERR_DISCLOSURE_RECEIPT_UNKNOWN', 404],
    ['conflict', 'ERR_KERNEL_TOKEN_UNKNOWN', 404],
    ['denied', 'ERR_DISCLOSURE_SCOPE', 403],
    ['denied', 'ERR_ACCESS_UNKNOWN_TABLE', 403],
    ['conflict', 'ERR_KERNEL_KEY_EXISTS', 409],
    ['conflict', 'ERR_KERNEL_TOKEN_SPENT', 401],
    ['unavailable', 'ERR_KERNEL_TOKEN_UNKNOWN', 503],
    ['unavailable', 'ERR_RUNTIME_QUEUE_FULL', 503],
    ['assertion', 'ERR_ASSERTION', 500],
    ['assertion', 'ERR_KERNEL_TOKEN_UNKNOWN', 500],
  ];
  test.each(rows)('%s %s is %i', (kind, code, status) => {
    expect(statusOf(error(kind, code))).toBe(status);
  });

  test('a refused token is 401 whatever refused it', () => {
    expect(statusOf(new TokenRefusedError(error('conflict', 'ERR_KERNEL_TOKEN_UNKNOWN')))).toBe(
      401,
    );
    expect(statusOf(new TokenRefusedError(error('verification', 'ERR_CRYPTO_SIGNATURE')))).toBe(
      401,
    );
  });

  test('what is not ours is 500', () => {
    for (const value of [new TypeError('x'), 'text', null]) expect(statusOf(value)).toBe(500);
  });
});

const request = (headers: Record<string, string>) =>
  new Request('http://127.0.0.1:7420/mcp', { headers });

describe('Host and Origin', () => {
  const allowed = allowedPlaces(new URL('https://data.example.org'), 7420);
  const code = (headers: Record<string, string>): string | null => {
    try {
      assertAllowedPlace(request(headers), allowed);
      return null;
    } catch (thrown) {
      return (thrown as VerityError).code;
    }
  };

  test.each([
    [{ host: 'data.example.org' }, null],
    [{ host: 'DATA.example.org' }, null],
    [{ host: 'localhost:7420' }, null],
    [{ host: '[::1]:7420', origin: 'http://[::1]:7420' }, null],
    [{ host: '127.0.0.1:7420', origin: 'https://data.example.org' }, null],
    [{}, null],
    [{ host: 'evil.example' }, 'ERR_HTTP_HOST'],
    [{ host: 'evil.example:7420' }, 'ERR_HTTP_HOST'],
    [{ host: '127.0.0.1' }, 'ERR_HTTP_HOST'],
    [{ host: 'data.example.org.evil.example' }, 'ERR_HTTP_HOST'],
    [{ host: 'evil.example', origin: 'http://evil.example' }, 'ERR_HTTP_HOST'],
    [{ host: 'localhost:7420', origin: 'http://evil.example' }, 'ERR_HTTP_ORIGIN'],
    [{ host: 'localhost:7420', origin: 'null' }, 'ERR_HTTP_ORIGIN'],
    [{ host: 'localhost:7420', origin: 'http://data.example.org' }, 'ERR_HTTP_ORIGIN'],
  ] as const)('%o', (headers, expected) => {
    expect(code(headers)).toBe(expected);
  });
});
