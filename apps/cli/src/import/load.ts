/**
 * Sends the rows of a checked file, in batches that each are one record of the log.
 *
 * Batches are cut by count and size alone, and their idempotency ids come from the file's digest, the
 * table's id and the batch's index: the same file is cut the same way, so that an import that is run
 * again after a crash goes on where it stopped, and doubles nothing.
 */

import { createHash } from 'node:crypto';
import { basename } from 'node:path';

import type { JsonObject } from '@veritydb/types';

import type { Connection } from '../connection.ts';
import { ApiError, CliError } from '../error.ts';
import { valuesOf } from './mapping.ts';
import type { FilePlan } from './plan.ts';
import type { SourceRow } from './source.ts';

export const BATCH_ROWS_MAX = 500;
/** UTF-16 units of all values of a batch: a body stays far below what the API accepts. */
export const BATCH_LENGTH_MAX = 1_048_576;

type Values = readonly (string | null)[];

export interface LoadOptions {
  readonly connection: Connection;
  readonly plan: FilePlan;
  /** From the catalogue: so that a file loads again into a table that was dropped and made anew. */
  readonly tableId: number;
  readonly onProgress: (bytesRead: number) => void;
}

/** Loads the file; returns the position of the last record. */
export async function loadFile(options: LoadOptions): Promise<number | null> {
  const { plan, onProgress } = options;
  const batch = new Batch(options);
  let rowNumber = 0;
  let header: SourceRow | null = null;
  const chunks = plan.source.chunks();
  for (;;) {
    const next = await chunks.next();
    if (next.done === true) {
      // What was checked is what was sent, to the byte: else the ids of the batches would lie.
      if (next.value !== plan.sha256) throw changedFile(plan);
      await batch.send();
      return batch.position;
    }
    for (const row of next.value.rows) {
      if (header === null) header = row;
      else {
        rowNumber += 1;
        await batch.add(valuesOf(row, rowNumber, plan.mappings));
      }
    }
    onProgress(next.value.bytesRead);
  }
}

class Batch {
  readonly #options: LoadOptions;
  #rows: Values[] = [];
  #length = 0;
  #index = 0;
  #sentCount = 0;
  /** Of the last record; null as long as none was written. */
  position: number | null = null;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  async add(values: Values): Promise<void> {
    const length = values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    const isFull = this.#rows.length === BATCH_ROWS_MAX;
    if (isFull || (this.#rows.length > 0 && this.#length + length > BATCH_LENGTH_MAX)) {
      await this.send();
    }
    this.#rows.push(values);
    this.#length += length;
  }

  async send(): Promise<void> {
    if (this.#rows.length === 0) return;
    const { connection, plan, tableId } = this.#options;
    const first = this.#sentCount + 1;
    const last = this.#sentCount + this.#rows.length;
    const call = {
      method: 'POST',
      path: '/admin/v1/rows',
      body: {
        table: plan.source.table,
        columns: plan.mappings.map(({ column }) => column.name),
        rows: this.#rows,
        idempotency_id: batchId(plan.sha256, tableId, this.#index),
      },
    } as const;
    let answer: JsonObject;
    try {
      answer = await connection.json(call);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status, code, message, hint } = error;
      const detail = `${basename(plan.source.path)}, rows ${first} to ${last}: ${message}`;
      throw new ApiError(status, { code, detail, hint });
    }
    const { position } = answer;
    if (typeof position === 'number') this.position = position;
    this.#rows = [];
    this.#length = 0;
    this.#index += 1;
    this.#sentCount = last;
  }
}

/** 32 hexadecimal digits. */
function batchId(fileSha256: string, tableId: number, batchIndex: number): string {
  return createHash('sha256')
    .update(`veritydb import v1\n${fileSha256}\n${tableId}\n${batchIndex}\n`)
    .digest('hex')
    .slice(0, 32);
}

function changedFile(plan: FilePlan): CliError {
  const message = `${basename(plan.source.path)} changed while it was imported`;
  return new CliError('conflict', 'ERR_CLI_FILE', message, {
    hint: 'Rows of the earlier content may be loaded: compare the table with the file.',
  });
}
