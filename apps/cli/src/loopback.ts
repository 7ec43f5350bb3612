/** Addresses of this machine alone: the only ones that secrets go to without TLS. */

/** Whether the URL names this machine by loopback; a name that merely begins so does not. */
export function isLoopback(url: URL): boolean {
  return /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])$/.test(url.hostname);
}
