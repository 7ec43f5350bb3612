/**
 * Where the next page of an answer begins: sealed, so that nobody can make one up, and bound to the token,
 * the question and the position, so that pages are of one answer and of nobody else's. Keys live as long
 * as the process: a cursor from before is refused, and the question is asked again.
 */

import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';

import type { JsonValue } from '@veritydb/types';

export interface Question {
  readonly tokenId: string;
  readonly sql: string;
  readonly parameters: readonly JsonValue[];
}

export interface Place {
  /** The log's position that every page is as of. */
  readonly position: number;
  /** Rows that earlier pages had. */
  readonly skip: number;
}

export interface Cursors {
  seal(question: Question, place: Place): string;
  /** Null for what was not sealed here, or for another question. */
  open(question: Question, cursor: string): Place | null;
}

/** Longest cursor there is. */
export const CURSOR_LENGTH_MAX = 100;

const NONCE_SIZE = 12;
const TAG_SIZE = 16;

/** @param randomId unguessable, at least 128 bits */
export function createCursors(randomId: () => string): Cursors {
  const key = createHash('sha256').update(`${randomId()}${randomId()}`).digest();
  return {
    seal(question, { position, skip }) {
      const nonce = createHash('sha256').update(randomId()).digest().subarray(0, NONCE_SIZE);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(boundTo(question));
      const sealed = cipher.update(`${position} ${skip}`, 'utf8');
      cipher.final();
      return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString('base64url');
    },
    open(question, cursor) {
      // Attacker-controlled: whatever a model sends.
      const bytes = Buffer.from(cursor, 'base64url');
      if (bytes.length <= NONCE_SIZE + TAG_SIZE) return null;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_SIZE), {
        authTagLength: TAG_SIZE,
      });
      decipher.setAAD(boundTo(question)).setAuthTag(bytes.subarray(-TAG_SIZE));
      try {
        const opened = decipher.update(bytes.subarray(NONCE_SIZE, -TAG_SIZE));
        const text = Buffer.concat([opened, decipher.final()]).toString('utf8');
        const [position, skip] = text.split(' ').map(Number);
        return position === undefined || skip === undefined ? null : { position, skip };
      } catch {
        return null;
      }
    },
  };
}

function boundTo({ tokenId, sql, parameters }: Question): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([tokenId, sql, parameters]))
    .digest();
}
