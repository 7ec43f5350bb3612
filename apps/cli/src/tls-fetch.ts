/**
 * A request over TLS to a server whose certificate may lead to an authority that Node does not know. The
 * certificate is always checked, against the name of the server; nothing turns that off.
 */

import { request as sendRequest } from 'node:https';
import { Readable } from 'node:stream';
import { rootCertificates } from 'node:tls';

export interface TlsTrust {
  /** PEM; null: those that Node trusts alone. */
  readonly authorities: string | null;
  /** The name that the certificate is for; null: the host of the URL. */
  readonly serverName: string | null;
}

/** Statuses that have no body (Fetch Standard, null body status). */
const BODILESS: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/** Answers a redirect as it is: whoever asks refuses what is no success. */
export async function fetchOverTls(
  request: Request,
  { authorities, serverName }: TlsTrust,
): Promise<Response> {
  const body = Buffer.from(await request.arrayBuffer());
  const options = {
    method: request.method,
    headers: Object.fromEntries(request.headers),
    minVersion: 'TLSv1.2',
    agent: false,
    signal: request.signal,
    ...(authorities === null ? {} : { ca: [...rootCertificates, authorities] }),
    ...(serverName === null ? {} : { servername: serverName }),
  } as const;
  return new Promise((resolve, reject) => {
    const sent = sendRequest(request.url, options, (incoming) => {
      const { statusCode: status = 500, headers } = incoming;
      const entries = Object.entries(headers).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]);
      const isBodiless = BODILESS.has(status) || request.method === 'HEAD';
      const stream = isBodiless ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>);
      if (isBodiless) incoming.resume();
      resolve(new Response(stream, { status, headers: entries }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
