/** Limits of the log, and the relations between them. */

import { RECORD_HEADER_SIZE, assert } from '@veritydb/types';

/** Bytes at which a segment file is full, unless told otherwise. */
export const SEGMENT_SIZE_DEFAULT: number = 16 * 1024 * 1024;
export const SEGMENT_SIZE_MIN = 4096;
/** A segment grows by zeros of this size, so that most appends do not change the file's size. */
export const SEGMENT_CHUNK_SIZE: number = 1024 * 1024;
export const SEGMENT_HEADER_SIZE = 64;
/** CRC-32 behind every record. */
export const CRC_SIZE = 4;
export const RECORD_SIZE_MIN: number = RECORD_HEADER_SIZE + CRC_SIZE;
/** Most bytes of a record's payload: a command is bounded long before. */
export const PAYLOAD_SIZE_MAX: number = 64 * 1024 * 1024;

assert(SEGMENT_SIZE_MIN > SEGMENT_HEADER_SIZE + RECORD_SIZE_MIN, 'a segment holds a record');
