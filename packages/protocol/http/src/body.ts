/**
 * Bodies from outside: declared type and size first, then at most that many bytes, then strict UTF-8,
 * then JSON without duplicate members (RFC 8259 §4 leaves their meaning open; two readers could differ).
 */

import { type JsonValue, TypesError, parseJson } from '@veritydb/types';

import { HttpError } from './error.ts';

/**
 * Checks what the headers declare, before a byte is read.
 *
 * @throws {HttpError} ERR_HTTP_CONTENT_TYPE, ERR_HTTP_BODY_SIZE
 */
export function assertJsonDeclared(request: Request, sizeMax: number): void {
  const type = request.headers.get('content-type');
  if (type === null || !/^application\/json(\s*;\s*charset="?utf-8"?)?\s*$/i.test(type)) {
    throw new HttpError('ERR_HTTP_CONTENT_TYPE', 'the content type is not application/json', {
      hint: 'Send the body as JSON in UTF-8 with the header "Content-Type: application/json".',
    });
  }
  const size = declaredSize(request);
  if (size !== null && size > sizeMax) throw tooLarge(sizeMax);
}

/** Null where no size is declared, or none that is a number. */
function declaredSize({ headers }: Request): number | null {
  const size = headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(size) ? Number(size) : null;
}

/**
 * Reads a JSON body of at most `sizeMax` bytes.
 *
 * @throws {HttpError} ERR_HTTP_CONTENT_TYPE, ERR_HTTP_BODY_SIZE, ERR_HTTP_JSON
 */
export async function readJson(request: Request, sizeMax: number): Promise<JsonValue> {
  assertJsonDeclared(request, sizeMax);
  const text = await readText(request, sizeMax);
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof TypesError)) throw error;
    throw new HttpError('ERR_HTTP_JSON', `the body is refused: ${error.message}`, {
      hint: 'Send one JSON document (RFC 8259), each member once.',
    });
  }
}

/**
 * Reads a body of at most `sizeMax` bytes as strict UTF-8.
 *
 * @throws {HttpError} ERR_HTTP_BODY_SIZE, ERR_HTTP_BODY_CUT, ERR_HTTP_JSON
 */
export async function readText(request: Request, sizeMax: number): Promise<string> {
  // Attacker-controlled: the body, and whether its declared length is true.
  const bytes = await readBytes(request, sizeMax).catch((error: unknown) => {
    // Whoever sent it went away, or was too slow: no fault of ours, and nobody is left to tell.
    throw error instanceof HttpError ? error : bodyCut(error);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new HttpError('ERR_HTTP_JSON', 'the body is not valid UTF-8');
  }
}

async function readBytes(request: Request, sizeMax: number): Promise<Uint8Array> {
  const declared = declaredSize(request);
  if (declared !== null && declared <= sizeMax) {
    // A server reads no more than was declared (RFC 9112 §6.3), and whole bodies without a stream.
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.length > sizeMax) throw tooLarge(sizeMax);
    return bytes;
  }
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > sizeMax) throw tooLarge(sizeMax);
    chunks.push(chunk);
  }
  // Not `concatBytes(...chunks)`: a sender of one-byte chunks would overflow the stack.
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function bodyCut(cause: unknown): HttpError {
  return new HttpError('ERR_HTTP_BODY_CUT', 'the body ended before its end', { cause });
}

function tooLarge(sizeMax: number): HttpError {
  return new HttpError('ERR_HTTP_BODY_SIZE', `the body is larger than ${sizeMax} bytes`, {
    hint: 'Send less at once: fewer rows, or a shorter statement.',
  });
}
