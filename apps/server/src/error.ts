/** What keeps the server from starting, or from taking more: pinned codes, never reused. */

import { type ErrorDetail, type ErrorKind, VerityError } from '@veritydb/types';

export type ServerErrorCode = 'ERR_SERVER_CONFIG' | 'ERR_SERVER_LISTEN' | 'ERR_SERVER_STOPPING';

const KIND: Readonly<Record<ServerErrorCode, ErrorKind>> = {
  ERR_SERVER_CONFIG: 'format',
  ERR_SERVER_LISTEN: 'unavailable',
  ERR_SERVER_STOPPING: 'unavailable',
};

export class ServerError extends VerityError<ServerErrorCode> {
  constructor(code: ServerErrorCode, message: string, detail?: ErrorDetail) {
    super(KIND[code], code, message, detail);
  }
}
