/**
 * What a server's log may tell of a request: the template of its route and the id of the token that it
 * came with. Never the path, the query, a header or the body: those hold what was asked.
 */

interface RequestFacts {
  /** As `/v1/exports/:id/bundle`; null for a path that no route has. */
  readonly route: string | null;
  readonly tokenId: string | null;
}

const NOTHING: RequestFacts = { route: null, tokenId: null };
const noted = new WeakMap<Request, RequestFacts>();

export function noteRoute(request: Request, route: string): void {
  noted.set(request, { ...factsOf(request), route });
}

export function noteToken(request: Request, tokenId: string): void {
  noted.set(request, { ...factsOf(request), tokenId });
}

/** What was noted of a request while it was answered. */
export function factsOf(request: Request): RequestFacts {
  return noted.get(request) ?? NOTHING;
}
