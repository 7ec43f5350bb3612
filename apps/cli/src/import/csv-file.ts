/** A CSV file as a stream of rows: read in chunks, decoded strictly, never held as a whole. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';

import { CliError } from '../error.ts';
import { reasonOf } from '../secret-file.ts';
import { CsvReader, type CsvRow } from './csv.ts';

/** Rows of one chunk of the file, and how far the file has been read. */
export interface CsvChunk {
  readonly rows: readonly CsvRow[];
  readonly bytesRead: number;
}

/** Reads a file's rows, the header being the first; returns the SHA-256 of its bytes, hexadecimal. */
export async function* readCsvChunks(path: string): AsyncGenerator<CsvChunk, string> {
  const name = basename(path);
  const reader = new CsvReader(name);
  // A byte-order mark at the beginning is dropped by the decoder; anything but UTF-8 is refused.
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const digest = createHash('sha256');
  let bytesRead = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
      digest.update(chunk);
      bytesRead += chunk.length;
      yield { rows: reader.push(decoder.decode(chunk, { stream: true })), bytesRead };
    }
    yield { rows: [...reader.push(decoder.decode()), ...reader.finish()], bytesRead };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw readFailure(error, { path, name, line: reader.line });
  }
  return digest.digest('hex');
}

function readFailure(error: unknown, at: { path: string; name: string; line: number }): CliError {
  if (reasonOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
    return new CliError(
      'format',
      'ERR_CLI_CSV',
      `${at.name}: not UTF-8 at line ${at.line} or later`,
      {
        hint: 'Save the file as UTF-8 (CSV UTF-8 in a spreadsheet).',
      },
    );
  }
  return new CliError('unavailable', 'ERR_CLI_FILE', `cannot read ${at.path}: ${reasonOf(error)}`, {
    cause: error,
  });
}
