/**
 * Rows for one table out of one file, whatever the file's format: the header first, then the rows, read
 * anew each time, in chunks. Files are never held as a whole, but for JSON documents.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { CliError } from '../error.ts';
import { reasonOf } from '../secret-file.ts';

export interface SourceRow {
  /** Line, counted from 1; in a JSON document the entry. */
  readonly line: number;
  /** In the order of the header; null: no value. */
  readonly fields: readonly (string | null)[];
}

/** Rows of one chunk of the file, and how far the file has been read. */
export interface RowChunk {
  readonly rows: readonly SourceRow[];
  readonly bytesRead: number;
}

export interface Source {
  readonly path: string;
  readonly table: string;
  /** How messages name a row: `patients.csv:3`, `bundle.json entry 3`. */
  readonly placeOf: (line: number) => string;
  /** The header is the first row; the end is the SHA-256 of the file's bytes, hexadecimal. */
  readonly chunks: () => AsyncGenerator<RowChunk, string>;
}

/** Decoded text of a file, chunk by chunk. */
export interface TextChunk {
  readonly text: string;
  readonly bytesRead: number;
}

/**
 * Reads a file as strict UTF-8; returns the SHA-256 of its bytes. A byte-order mark at the beginning is
 * dropped.
 *
 * @param lineOf the line that is being read, for what is told of bytes that are not UTF-8
 */
export async function* readText(
  path: string,
  lineOf: () => string,
): AsyncGenerator<TextChunk, string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const digest = createHash('sha256');
  let bytesRead = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      digest.update(chunk);
      bytesRead += chunk.length;
      yield { text: decoder.decode(chunk, { stream: true }), bytesRead };
    }
    yield { text: decoder.decode(), bytesRead };
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (reasonOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
      throw new CliError('format', 'ERR_CLI_CSV', `${lineOf()}: not UTF-8 here or later`, {
        hint: 'Save the file as UTF-8 (CSV UTF-8 in a spreadsheet).',
      });
    }
    throw new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${path}: ${reasonOf(error)}`, {
      hint: 'Check the path, and that you may read it.',
      cause: error,
    });
  }
  return digest.digest('hex');
}
