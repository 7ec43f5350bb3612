/**
 * Records of JSON files: of NDJSON one a line; of a JSON document the resources of a FHIR bundle, the
 * items of a list, or the one object that it is.
 *
 * Attacker-controlled: every character. Lines and documents are bounded before they are parsed.
 */

import { basename } from 'node:path';

import { type JsonObject, type JsonValue, TypesError, isJsonObject } from '@veritydb/types';

import { CliError } from '../error.ts';
import { parseExactJson } from './json-text.ts';
import { readText } from './source.ts';

/** UTF-16 units of one line: a FHIR resource with an attachment, and not much more. */
const LINE_LENGTH_MAX = 16 * 1_048_576;
/** UTF-16 units of a JSON document, which is held as a whole. */
const DOCUMENT_LENGTH_MAX = 256 * 1_048_576;

interface JsonRecord {
  /** Line, or entry of the document, counted from 1. */
  readonly line: number;
  readonly value: JsonObject;
}

export interface RecordChunk {
  readonly records: readonly JsonRecord[];
  readonly bytesRead: number;
}

export function isNdjson(path: string): boolean {
  return /\.(ndjson|jsonl)$/i.test(path);
}

/** How messages name a record. */
export function recordPlace(path: string, line: number): string {
  return isNdjson(path) ? `${basename(path)}:${line}` : `${basename(path)} entry ${line}`;
}

/** Reads a file's records; returns the SHA-256 of its bytes. */
export function readRecords(path: string): AsyncGenerator<RecordChunk, string> {
  return isNdjson(path) ? readLines(path) : readDocument(path);
}

async function* readLines(path: string): AsyncGenerator<RecordChunk, string> {
  let line = 0;
  let rest = '';
  const chunks = readText(path, () => recordPlace(path, line + 1));
  const toRecords = (lines: readonly string[]): readonly JsonRecord[] => {
    const records: JsonRecord[] = [];
    for (const text of lines) {
      line += 1;
      if (text.length > LINE_LENGTH_MAX) throw tooLong(recordPlace(path, line), LINE_LENGTH_MAX);
      if (text.trim() !== '')
        records.push({ line, value: toObject(path, line, parse(path, line, text)) });
    }
    return records;
  };
  let bytesRead = 0;
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) {
      yield { records: toRecords(rest === '' ? [] : [rest]), bytesRead };
      return next.value;
    }
    ({ bytesRead } = next.value);
    const lines = (rest + next.value.text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LENGTH_MAX) throw tooLong(recordPlace(path, line + 1), LINE_LENGTH_MAX);
    yield { records: toRecords(lines), bytesRead };
  }
}

async function* readDocument(path: string): AsyncGenerator<RecordChunk, string> {
  const name = basename(path);
  const parts: string[] = [];
  let length = 0;
  let bytesRead = 0;
  const chunks = readText(path, () => name);
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) {
      const items = itemsOf(parse(path, 1, parts.join('')));
      const records = items.map((item, index) => ({
        line: index + 1,
        value: toObject(path, index + 1, item),
      }));
      yield { records, bytesRead };
      return next.value;
    }
    ({ bytesRead } = next.value);
    parts.push(next.value.text);
    length += next.value.text.length;
    if (length > DOCUMENT_LENGTH_MAX) throw tooLong(name, DOCUMENT_LENGTH_MAX);
  }
}

/** Entries of a bundle (FHIR R4 §2.36) without a resource, such as requests to delete one, have no record. */
function itemsOf(document: JsonValue): readonly JsonValue[] {
  if (Array.isArray(document)) return document as readonly JsonValue[];
  if (!isJsonObject(document) || document['resourceType'] !== 'Bundle') return [document];
  const { entry } = document;
  if (!Array.isArray(entry)) return [];
  return (entry as readonly JsonValue[]).map((one) =>
    isJsonObject(one) ? (one['resource'] ?? {}) : one,
  );
}

function parse(path: string, line: number, text: string): JsonValue {
  try {
    return parseExactJson(text);
  } catch (error) {
    if (!(error instanceof TypesError)) throw error;
    throw refused(recordPlace(path, line), error.message);
  }
}

function toObject(path: string, line: number, value: JsonValue): JsonObject {
  if (isJsonObject(value)) return value;
  throw refused(recordPlace(path, line), 'expected a JSON object');
}

function refused(place: string, what: string): CliError {
  return new CliError('format', 'ERR_CLI_JSON', `${place}: ${what}`, {
    hint: 'NDJSON has one object a line; a JSON document is a list of objects or a FHIR bundle.',
  });
}

function tooLong(place: string, max: number): CliError {
  return new CliError('format', 'ERR_CLI_JSON', `${place}: longer than ${max} characters`, {
    hint: 'Split the file, or write it as NDJSON, one object a line.',
  });
}
