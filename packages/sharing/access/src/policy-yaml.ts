/**
 * The YAML of policy files: a strict cut of YAML 1.2.2, core schema, that any reader reads alike. One
 * document of maps, lists and plain scalars; no anchors, aliases, tags, directives or merge keys, no
 * key twice, at most 256 KiB. A policy decides what leaves the house: two readers must not see two.
 */

import { type JsonValue, VerityError, canonicalJson, utf8Encode } from '@veritydb/types';
import {
  LineCounter,
  type Node,
  type Pair,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseDocument,
} from 'yaml';

import { AccessError } from './error.ts';

export const POLICY_SIZE_BYTES_MAX: number = 256 * 1024;
const DEPTH_MAX = 16;

type ParsedDocument = ReturnType<typeof parseDocument>;

/** A place in a policy file, both counted from 1. */
export interface PolicyPlace {
  readonly line: number;
  readonly column: number;
}

export type PolicyPath = readonly (string | number)[];

export interface PolicyTree {
  readonly json: JsonValue;
  /** RFC 8785 text of the document. */
  readonly canonical: string;
  /** Where a member is written, or the nearest one above it. */
  readonly placeOf: (path: PolicyPath) => PolicyPlace;
}

/** @throws {AccessError} ERR_ACCESS_POLICY, with line and column */
export function parsePolicyYaml(text: string): PolicyTree {
  checkText(text);
  const lineCounter = new LineCounter();
  const document = readDocument(text, lineCounter);
  const at = (offset: number): PolicyPlace => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    throw policyError(at(error.pos[0]), `not the YAML of a policy (${error.code})`);
  }
  const root = document.contents;
  if (root === null) throw policyError({ line: 1, column: 1 }, 'the file is empty');
  checkNode(root, at, 0);
  const json = document.toJS({ maxAliasCount: 0 }) as JsonValue;
  return { json, canonical: canonicalOf(json), placeOf: (path) => at(offsetOf(root, path)) };
}

export function policyError(place: PolicyPlace, what: string, hint?: string): AccessError {
  return new AccessError(
    'ERR_ACCESS_POLICY',
    `policy, line ${place.line}, column ${place.column}: ${what}`,
    hint === undefined ? {} : { hint },
  );
}

function checkText(text: string): void {
  const start = { line: 1, column: 1 };
  const tooLarge = `a policy is at most ${POLICY_SIZE_BYTES_MAX} bytes`;
  if (text.length > POLICY_SIZE_BYTES_MAX) throw policyError(start, tooLarge);
  const size = sizeOf(text);
  if (size === undefined) throw policyError(start, 'the text holds a lone surrogate');
  if (size > POLICY_SIZE_BYTES_MAX) throw policyError(start, tooLarge);
  const directive = /^%/m.exec(text);
  if (directive !== null) {
    const line = text.slice(0, directive.index).split('\n').length;
    throw policyError({ line, column: 1 }, 'directives are not taken');
  }
}

function sizeOf(text: string): number | undefined {
  try {
    return utf8Encode(text).length;
  } catch (error) {
    if (error instanceof VerityError) return undefined;
    throw error;
  }
}

// Attacker-controlled: an operator may try a file from anywhere. The library's own failures (its stack,
// on deep nesting) become one coded error.
function readDocument(text: string, lineCounter: LineCounter): ParsedDocument {
  try {
    return parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      strict: true,
      stringKeys: true,
      // Checked below: the library compares every key with every other.
      uniqueKeys: false,
      version: '1.2',
      schema: 'core',
      merge: false,
    });
  } catch {
    throw policyError({ line: 1, column: 1 }, 'not the YAML of a policy');
  }
}

function checkNode(node: Node, at: (offset: number) => PolicyPlace, depth: number): void {
  const refuse = (what: string): never => {
    throw policyError(at(node.range?.[0] ?? 0), what);
  };
  if (depth > DEPTH_MAX) refuse(`nested deeper than ${DEPTH_MAX}`);
  if (isAlias(node)) refuse('aliases are not taken');
  if (node.tag !== undefined) refuse('tags are not taken');
  if ('anchor' in node && node.anchor !== undefined) refuse('anchors are not taken');
  if (isMap<Node, Node | null>(node)) {
    const names = new Set<unknown>();
    for (const { key, value } of node.items) {
      checkNode(key, at, depth + 1);
      const name = isScalar(key) ? key.value : null;
      const place = at(key.range?.[0] ?? 0);
      if (typeof name !== 'string') throw policyError(place, 'a member has no name');
      if (name === '<<') throw policyError(place, 'merge keys are not taken');
      if (names.has(name)) throw policyError(place, 'a member is given twice');
      if (value === null) throw policyError(place, 'a member has no value');
      names.add(name);
      checkNode(value, at, depth + 1);
    }
  } else if (isSeq<Node>(node)) {
    for (const item of node.items) checkNode(item, at, depth + 1);
  }
}

function canonicalOf(json: JsonValue): string {
  try {
    return canonicalJson(json);
  } catch (error) {
    if (!(error instanceof VerityError)) throw error;
    throw policyError({ line: 1, column: 1 }, 'the document has no canonical form (RFC 8785)');
  }
}

function offsetOf(root: Node, path: PolicyPath): number {
  let node: Node | null = root;
  let offset = root.range?.[0] ?? 0;
  for (const step of path) {
    if (isMap<Node, Node | null>(node)) {
      const pair: Pair<Node, Node | null> | undefined = node.items.find(
        ({ key }) => isScalar(key) && key.value === step,
      );
      if (pair === undefined) return offset;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq<Node>(node)) {
      const item: Node | undefined = typeof step === 'number' ? node.items[step] : undefined;
      if (item === undefined) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else {
      return offset;
    }
  }
  return offset;
}
