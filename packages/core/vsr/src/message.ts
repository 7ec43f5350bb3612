/**
 * Messages: one header of 256 bytes, little endian, for the wire, the journal and the committed log, and
 * a body. docs/formats/vsr.md has it byte by byte.
 *
 * A header's checksum is SHA-256 over all that follows it, the body's checksum included, so that a header
 * can be trusted without its body. A prepare's checksum is also what the next prepare names as its
 * parent: the log is a hash chain.
 */

import type { Crypto } from '@veritydb/crypto';
import { assert, bytesEqual } from '@veritydb/types';

import { malformed } from './error.ts';

export const HEADER_SIZE = 256;
const PROTOCOL = 1;
const CHECKSUM_SIZE = 32;

/** By their number on the wire; numbers are never used again. */
export const COMMANDS = [
  'reserved',
  'request',
  'prepare',
  'prepare_ok',
  'reply',
  'commit',
  'start_view_change',
  'do_view_change',
  'start_view',
  'request_start_view',
  'get_prepare',
  'get_committed',
  'committed',
  'ping',
  'pong',
  'eviction',
  'commit_ok',
] as const;
export type Command = (typeof COMMANDS)[number];

type Field =
  | 'parent'
  | 'subject'
  | 'op'
  | 'commit'
  | 'timestampUs'
  | 'client'
  | 'session'
  | 'request'
  | 'operation'
  | 'body';

/** What may be other than zero in each command: everything else is checked to be zero. */
const FIELDS: Readonly<Record<Command, readonly Field[]>> = {
  reserved: ['op'],
  request: ['client', 'session', 'request', 'operation', 'body'],
  prepare: [
    'parent',
    'subject',
    'op',
    'commit',
    'timestampUs',
    'client',
    'session',
    'request',
    'operation',
    'body',
  ],
  prepare_ok: ['subject', 'op', 'commit'],
  reply: ['subject', 'op', 'timestampUs', 'client', 'session', 'request', 'operation', 'body'],
  commit: ['commit', 'timestampUs'],
  start_view_change: [],
  do_view_change: ['op', 'commit', 'client', 'session', 'request', 'body'],
  start_view: ['parent', 'op', 'commit', 'body'],
  request_start_view: ['parent'],
  get_prepare: ['subject', 'op'],
  get_committed: ['op'],
  committed: ['op', 'body'],
  ping: ['timestampUs', 'op'],
  pong: ['timestampUs', 'session', 'op'],
  eviction: ['subject', 'client', 'operation'],
  commit_ok: ['timestampUs'],
};

const CHECKSUM_BODY_AT = 32;
const CLUSTER_AT = 80;
const SIZE_AT = 96;
const VIEW_AT = 104;
const PROTOCOL_AT = 112;
const COMMAND_AT = 114;
const REPLICA_AT = 115;
const PARENT_AT = 128;
const SUBJECT_AT = 160;
const OP_AT = 192;
const COMMIT_AT = 200;
const TIMESTAMP_AT = 208;
const CLIENT_AT = 216;
const SESSION_AT = 224;
const REQUEST_AT = 232;
const OPERATION_AT = 236;

export interface HeaderFields {
  readonly command: Command;
  /** Who wrote it: of a request, 0. */
  readonly replica: number;
  readonly view: number;
  /** Prepare: the checksum of the one before. start_view, request_start_view: the asker's nonce. */
  readonly parent?: Uint8Array;
  /** The checksum of what this is about: a request, a prepare. */
  readonly subject?: Uint8Array;
  readonly op?: number;
  readonly commit?: number;
  /** Microseconds: since the epoch in prepares and replies, of the sender's own clock elsewhere. */
  readonly timestampUs?: number;
  /** do_view_change: which ops of its headers the sender can serve, as bits from the head down. */
  readonly client?: number;
  /** do_view_change: which it has never acknowledged, likewise. pong: the wall clock. */
  readonly session?: number;
  /** do_view_change: the last view in which the sender's log was whole. */
  readonly request?: number;
  /** eviction: why. */
  readonly operation?: number;
}

/** A header that was checked. */
export interface Header extends Required<HeaderFields> {
  readonly checksum: Uint8Array;
  /** Of header and body, in bytes. */
  readonly size: number;
  /** The 256 bytes themselves. */
  readonly headerBytes: Uint8Array;
}

/** A header and its body, both checked. */
export interface Message {
  readonly header: Header;
  readonly body: Uint8Array;
  /** All of it, as it is sent and stored. */
  readonly bytes: Uint8Array;
}

const EMPTY = new Uint8Array(0);
const scratch = new Uint8Array(CHECKSUM_SIZE);

/** Writes a message. */
export function buildMessage(
  crypto: Crypto,
  cluster: Uint8Array,
  fields: HeaderFields,
  body: Uint8Array = EMPTY,
): Message {
  const bytes = new Uint8Array(HEADER_SIZE + body.length);
  const view = new DataView(bytes.buffer);
  bytes.set(body, HEADER_SIZE);
  crypto.sha256Into(bytes, HEADER_SIZE, bytes.length, bytes, CHECKSUM_BODY_AT);
  bytes.set(cluster, CLUSTER_AT);
  view.setUint32(SIZE_AT, bytes.length, true);
  view.setUint32(VIEW_AT, fields.view, true);
  view.setUint16(PROTOCOL_AT, PROTOCOL, true);
  view.setUint8(COMMAND_AT, COMMANDS.indexOf(fields.command));
  view.setUint8(REPLICA_AT, fields.replica);
  if (fields.parent !== undefined) bytes.set(fields.parent, PARENT_AT);
  if (fields.subject !== undefined) bytes.set(fields.subject, SUBJECT_AT);
  setNumber(view, OP_AT, fields.op);
  setNumber(view, COMMIT_AT, fields.commit);
  setNumber(view, TIMESTAMP_AT, fields.timestampUs);
  setNumber(view, CLIENT_AT, fields.client);
  setNumber(view, SESSION_AT, fields.session);
  view.setUint32(REQUEST_AT, fields.request ?? 0, true);
  view.setUint8(OPERATION_AT, fields.operation ?? 0);
  crypto.sha256Into(bytes, CHECKSUM_SIZE, HEADER_SIZE, bytes, 0);
  return { header: readHeader(bytes, view), body: bytes.subarray(HEADER_SIZE), bytes };
}

/**
 * Reads a header at a place and checks all of it, the checksum first.
 *
 * @throws {VsrError} ERR_VSR_MESSAGE
 */
export function parseHeader(
  crypto: Crypto,
  cluster: Uint8Array,
  bytes: Uint8Array,
  at = 0,
): Header {
  // Attacker-controlled: bytes from a disk or a network.
  if (bytes.length < at + HEADER_SIZE) throw malformed('shorter than a header');
  crypto.sha256Into(bytes, at + CHECKSUM_SIZE, at + HEADER_SIZE, scratch, 0);
  for (let index = 0; index < CHECKSUM_SIZE; index += 1) {
    if (scratch[index] !== bytes[at + index]) throw malformed('checksum');
  }
  const own = bytes.slice(at, at + HEADER_SIZE);
  const view = new DataView(own.buffer);
  if (!bytesEqual(own.subarray(CLUSTER_AT, CLUSTER_AT + 16), cluster)) {
    throw malformed('of another cluster');
  }
  if (view.getUint16(PROTOCOL_AT, true) !== PROTOCOL) throw malformed('protocol');
  if (view.getUint8(COMMAND_AT) >= COMMANDS.length) throw malformed('command');
  for (const place of [OP_AT, COMMIT_AT, TIMESTAMP_AT, CLIENT_AT, SESSION_AT]) {
    if (view.getUint32(place + 4, true) >= 2 ** 21) throw malformed('number above 2^53');
  }
  const header = readHeader(own, view);
  if (header.size < HEADER_SIZE) throw malformed('size');
  requireZeros(own, 64, CLUSTER_AT);
  requireZeros(own, 100, VIEW_AT);
  requireZeros(own, 108, PROTOCOL_AT);
  requireZeros(own, 116, PARENT_AT);
  requireZeros(own, OPERATION_AT + 1, HEADER_SIZE);
  requireFields(header);
  return header;
}

/**
 * Reads a message that must fill its bytes.
 *
 * @throws {VsrError} ERR_VSR_MESSAGE
 */
export function parseMessage(crypto: Crypto, cluster: Uint8Array, bytes: Uint8Array): Message {
  const header = parseHeader(crypto, cluster, bytes);
  if (header.size !== bytes.length) throw malformed('size');
  crypto.sha256Into(bytes, HEADER_SIZE, bytes.length, scratch, 0);
  if (!bytesEqual(scratch, bytes.subarray(CHECKSUM_BODY_AT, CHECKSUM_BODY_AT + CHECKSUM_SIZE))) {
    throw malformed('checksum of the body');
  }
  return { header, body: bytes.subarray(HEADER_SIZE), bytes };
}

/** A list of headers as the body of a message; a header that is not known is 256 zeros. */
export function encodeHeaders(headers: readonly (Header | undefined)[]): Uint8Array {
  const bytes = new Uint8Array(headers.length * HEADER_SIZE);
  for (const [index, header] of headers.entries()) {
    if (header !== undefined) bytes.set(header.headerBytes, index * HEADER_SIZE);
  }
  return bytes;
}

/**
 * The headers of prepares from `op` down, of which the first must be known.
 *
 * @throws {VsrError} ERR_VSR_MESSAGE
 */
export function parseHeaders(
  crypto: Crypto,
  cluster: Uint8Array,
  body: Uint8Array,
  op: number,
): readonly (Header | undefined)[] {
  if (body.length === 0 || body.length % HEADER_SIZE !== 0) throw malformed('list of headers');
  const headers: (Header | undefined)[] = [];
  for (let at = 0; at < body.length; at += HEADER_SIZE) {
    const expected = op - at / HEADER_SIZE;
    if (expected < 0) throw malformed('headers below the first');
    if (isZero(body, at, at + HEADER_SIZE)) {
      headers.push(undefined);
      continue;
    }
    const header = parseHeader(crypto, cluster, body, at);
    if (header.command !== 'prepare' || header.op !== expected) throw malformed('header of a list');
    headers.push(header);
  }
  if (headers[0] === undefined) throw malformed('head that is not known');
  return headers;
}

/** The header before the first: op 0, the same in every replica of a cluster, stored nowhere. */
export function buildRoot(crypto: Crypto, cluster: Uint8Array): Message {
  return buildMessage(crypto, cluster, { command: 'prepare', replica: 0, view: 0 });
}

function readHeader(bytes: Uint8Array, view: DataView): Header {
  return {
    command: COMMANDS[view.getUint8(COMMAND_AT)] as Command,
    replica: view.getUint8(REPLICA_AT),
    view: view.getUint32(VIEW_AT, true),
    size: view.getUint32(SIZE_AT, true),
    checksum: bytes.subarray(0, CHECKSUM_SIZE),
    parent: bytes.subarray(PARENT_AT, SUBJECT_AT),
    subject: bytes.subarray(SUBJECT_AT, OP_AT),
    op: getNumber(view, OP_AT),
    commit: getNumber(view, COMMIT_AT),
    timestampUs: getNumber(view, TIMESTAMP_AT),
    client: getNumber(view, CLIENT_AT),
    session: getNumber(view, SESSION_AT),
    request: view.getUint32(REQUEST_AT, true),
    operation: view.getUint8(OPERATION_AT),
    headerBytes: bytes.subarray(0, HEADER_SIZE),
  };
}

function requireFields(header: Header): void {
  const allowed = FIELDS[header.command];
  const mayHave = (field: Field): boolean => allowed.includes(field);
  if (header.size > HEADER_SIZE && !mayHave('body')) throw malformed('body where there is none');
  if (!mayHave('parent') && !isZero(header.parent, 0, CHECKSUM_SIZE)) throw malformed('parent');
  if (!mayHave('subject') && !isZero(header.subject, 0, CHECKSUM_SIZE)) throw malformed('subject');
  const names = [
    'op',
    'commit',
    'timestampUs',
    'client',
    'session',
    'request',
    'operation',
  ] as const;
  for (const name of names) {
    if (header[name] !== 0 && !mayHave(name)) throw malformed(name);
  }
}

function requireZeros(bytes: Uint8Array, from: number, to: number): void {
  if (!isZero(bytes, from, to)) throw malformed('reserved bytes');
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (bytes[at] !== 0) return false;
  return true;
}

function setNumber(view: DataView, at: number, value = 0): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a number of a header is not a whole one');
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
}

function getNumber(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}
