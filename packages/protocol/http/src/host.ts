/**
 * Against DNS rebinding: a page of a foreign name that resolves to this machine still sends its own
 * Host and Origin. Host must be on the list always; Origin whenever a browser sends one.
 */

import { HttpError } from './error.ts';

export interface AllowedPlaces {
  /** `host` or `host:port`, lower case, as the Host header spells it. */
  readonly hosts: readonly string[];
  /** Serialized origins (RFC 6454 §6.1): `https://example.org`. */
  readonly origins: readonly string[];
}

/**
 * The places that a server answers for: its public address, and loopback by any name on its port.
 *
 * @param port the port that the socket is bound to
 */
export function allowedPlaces(publicUrl: URL, port: number): AllowedPlaces {
  const local = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`];
  return {
    hosts: [publicUrl.host, ...local],
    origins: [publicUrl.origin, ...local.map((host) => `http://${host}`)],
  };
}

/**
 * @throws {HttpError} ERR_HTTP_HOST, ERR_HTTP_ORIGIN
 */
export function assertAllowedPlace(request: Request, allowed: AllowedPlaces): void {
  // Attacker-controlled: both headers. A comparison of one with the other would prove nothing.
  const host = (request.headers.get('host') ?? new URL(request.url).host).toLowerCase();
  if (!allowed.hosts.includes(host)) {
    throw new HttpError('ERR_HTTP_HOST', 'this server does not answer for that host name', {
      hint: 'Use the address that the server printed when it started, or set its public address.',
    });
  }
  const origin = request.headers.get('origin');
  if (origin !== null && !allowed.origins.includes(origin.toLowerCase())) {
    throw new HttpError('ERR_HTTP_ORIGIN', 'this server does not answer to pages of that origin', {
      hint: 'Call the server from a program, or from a page of its own public address.',
    });
  }
}
