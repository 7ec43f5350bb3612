/** The certificate that the server shows: read and tried before it is used, at the start and on SIGHUP. */

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

import { ServerError } from './error.ts';

export interface TlsFiles {
  /** PEM: the server's certificate, then those that lead to the root. */
  readonly certificate: string;
  /** PEM: the private key of the first certificate. */
  readonly key: string;
}

export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  /** As the certificate says it: `Nov 30 12:00:00 2027 GMT`. */
  readonly validTo: string;
}

/** TLS 1.0 and 1.1 are deprecated (RFC 8996). */
export const TLS_VERSION_MIN = 'TLSv1.2';

/** @throws {ServerError} ERR_SERVER_CONFIG */
export function loadTlsIdentity(files: TlsFiles): TlsIdentity {
  const cert = readPem(files.certificate);
  const key = readPem(files.key);
  try {
    createSecureContext({ cert, key, minVersion: TLS_VERSION_MIN });
    return { cert, key, validTo: new X509Certificate(cert).validTo };
  } catch (cause) {
    throw new ServerError(
      'ERR_SERVER_CONFIG',
      `${files.certificate} and ${files.key} are no certificate and its key`,
      { cause, hint: 'Both are PEM files; the key belongs to the first certificate of the other.' },
    );
  }
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code = 'no code' } = cause as NodeJS.ErrnoException;
    throw new ServerError('ERR_SERVER_CONFIG', `cannot read ${path}: ${code}`, {
      cause,
      hint: 'Name files that the server may read with --tls-cert and --tls-key.',
    });
  }
}
