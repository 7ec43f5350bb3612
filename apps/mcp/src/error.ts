/** What the bridge itself refuses or meets: pinned codes, never reused. */

import { type ErrorDetail, type ErrorKind, VerityError } from '@veritydb/types';

export type BridgeErrorCode =
  | 'ERR_BRIDGE_ARGUMENTS'
  | 'ERR_BRIDGE_URL'
  | 'ERR_BRIDGE_TOKEN'
  | 'ERR_BRIDGE_TOKEN_FILE'
  | 'ERR_BRIDGE_UNREACHABLE'
  | 'ERR_BRIDGE_ANSWER';

const KIND: Readonly<Record<BridgeErrorCode, ErrorKind>> = {
  ERR_BRIDGE_ARGUMENTS: 'format',
  ERR_BRIDGE_URL: 'format',
  ERR_BRIDGE_TOKEN: 'format',
  ERR_BRIDGE_TOKEN_FILE: 'format',
  ERR_BRIDGE_UNREACHABLE: 'unavailable',
  ERR_BRIDGE_ANSWER: 'verification',
};

export class BridgeError extends VerityError<BridgeErrorCode> {
  constructor(code: BridgeErrorCode, message: string, detail?: ErrorDetail) {
    super(KIND[code], code, message, detail);
  }
}
