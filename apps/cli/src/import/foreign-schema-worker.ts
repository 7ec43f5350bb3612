/** The thread that reads a foreign dump: it may hang, and nothing else stops. */

import { parentPort, workerData } from 'node:worker_threads';

import { type ForeignDialect, readForeignSchema } from '@veritydb/query/foreign-schema';
import { assert } from '@veritydb/types';

const port = parentPort;
assert(port !== null, 'a foreign dump is read by a worker');
const { dialect, text } = workerData as { readonly dialect: ForeignDialect; readonly text: string };
port.postMessage(readForeignSchema(text, dialect));
