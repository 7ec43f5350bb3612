/** A file as a source of bytes: read where it is asked for, so that a large bundle takes little memory. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

import type { ByteSource } from '@veritydb/bundle';

/** Opens a file while it is used. What is read of a file that was cut meanwhile is an error of the system. */
export function withFileSource<Result>(path: string, use: (source: ByteSource) => Result): Result {
  const file = openSync(path, 'r');
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw Object.assign(new Error(`${path} is no file`), { syscall: 'open' });
    return use({
      size: status.size,
      read(start, end) {
        const bytes = new Uint8Array(end - start);
        let at = 0;
        while (at < bytes.length) {
          const count = readSync(file, bytes, at, bytes.length - at, start + at);
          if (count === 0) throw Object.assign(new Error(`${path} was cut`), { syscall: 'read' });
          at += count;
        }
        return bytes;
      },
    });
  } finally {
    closeSync(file);
  }
}
