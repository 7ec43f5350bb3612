/**
 * The log for those who watch it (C2SP tlog-tiles): the published checkpoint and the tiles that it
 * covers, at the paths of the standard and not of this API. Hashes say nothing but how many records
 * there are, so anybody may have them. Entries are headers of records, which tell when and how much was
 * written: for the operator, or a token with the action `verify`.
 */

import type { Administration, Gateway } from '@veritydb/disclosure';
import { TILE_WIDTH, type Tile, encodeEntryBundle, parseTilePath } from '@veritydb/merkle';
import { toOffset } from '@veritydb/types';
import type { Hono } from 'hono';

import { authenticate, isOperator } from './bearer.ts';
import { textResponse } from './endpoint.ts';
import { HttpError } from './error.ts';

/** What a log has published. */
export interface PublishedLog {
  /** The newest published checkpoint, with its cosignatures; null before the first. */
  readonly newest: { readonly note: string } | null;
  /** Whether that checkpoint covers all of a tile. */
  covers(tile: Tile): boolean;
  hashTile(tile: Tile): Uint8Array;
}

interface TileSources {
  readonly gateway: Gateway;
  readonly publication: PublishedLog;
  readonly operator: { readonly administration: Administration; readonly secret: string } | null;
}

/** A tile never changes, be it full or of a width: the tree only grows. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

export function addTileRoutes(app: Hono, sources: TileSources): void {
  const { publication } = sources;
  app.get('/checkpoint', () => {
    if (publication.newest !== null) return textResponse(publication.newest.note);
    throw new HttpError('ERR_HTTP_CHECKPOINT_UNKNOWN', 'no checkpoint was published yet', {
      hint: 'A server publishes when it runs, and its witnesses, if it has any, have cosigned. The newest signed one is at /v1/checkpoint.',
    });
  });
  app.get('/tile/*', async ({ req }) => {
    // Attacker-controlled: the path.
    const tile = parseTilePath(new URL(req.url).pathname.slice(1));
    if (!publication.covers(tile)) {
      throw new HttpError('ERR_HTTP_TILE_UNKNOWN', 'the published tree has no such tile', {
        hint: 'Ask for tiles of the size that /checkpoint names.',
      });
    }
    if (tile.level !== 'entries') return bytesResponse(publication.hashTile(tile), IMMUTABLE);
    return bytesResponse(await entryBundle(req.raw, tile, sources), 'no-store');
  });
}

async function entryBundle(
  request: Request,
  { index, width }: Tile,
  { gateway, operator }: TileSources,
): Promise<Uint8Array> {
  const range = { first: toOffset(index * TILE_WIDTH), count: width };
  if (operator !== null && isOperator(request, operator.secret)) {
    return encodeEntryBundle(await operator.administration.readLeaves(range));
  }
  const session = await authenticate(gateway, request, 'http');
  return encodeEntryBundle(await gateway.readLeaves(session, range));
}

function bytesResponse(bytes: Uint8Array, cacheControl: string): Response {
  return new Response(new Uint8Array(bytes), {
    headers: { 'content-type': 'application/octet-stream', 'cache-control': cacheControl },
  });
}
