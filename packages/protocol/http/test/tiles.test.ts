import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type Tile,
  TiledTree,
  decodeEntryBundle,
  formatTilePath,
  formatVerifierKey,
  leafHash,
  tilesOf,
  verifyCheckpoint,
} from '@veritydb/merkle';
import { SimDisk } from '@veritydb/sim';
import { Publication } from '@veritydb/transparency';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';

import { buildHttpApi } from '../src/index.ts';
import { type MemoryHouse, furnishedHouse } from './memory-house.ts';

const SECRET = 'operator-secret-0123456789abcdef';
const IMMUTABLE = 'public, max-age=31536000, immutable';
const PUBLISHED = 270;

let house: MemoryHouse;

function build(publication: Publication = house.publication) {
  const { gateway, administration } = house;
  return buildHttpApi({
    gateway,
    publication,
    operator: { administration, secret: SECRET, publish: null },
    version: '1.2.3',
    publicUrl: 'http://127.0.0.1:7420',
    onInternalError: () => {},
  });
}

beforeEach(() => {
  house = furnishedHouse();
});

async function get(path: string, token?: string): Promise<Response> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return build().request(`http://127.0.0.1:7420${path}`, { headers });
}

async function refusal(response: Response): Promise<string> {
  const { code } = (await response.json()) as { code: string };
  return `${response.status} ${code}`;
}

describe('the published checkpoint', () => {
  test('is the note as it was published, and is kept by no cache', async () => {
    const response = await get('/checkpoint');
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toBe(house.log.signedCheckpoint(PUBLISHED));
  });

  test('is unknown before the first', async () => {
    const app = build(Publication.open(new SimDisk(), house.log));
    expect(await refusal(await app.request('/checkpoint'))).toBe('404 ERR_HTTP_CHECKPOINT_UNKNOWN');
    expect(await refusal(await app.request('/tile/0/000.p/1'))).toBe('404 ERR_HTTP_TILE_UNKNOWN');
  });
});

describe('tiles', () => {
  test('of the published size lead to its root, without a token', async () => {
    const { crypto, origin, publicKey } = house.log;
    const note = await (await get('/checkpoint')).text();
    const key = formatVerifierKey(crypto, origin, publicKey);
    const { size, root } = verifyCheckpoint(nativeCrypto, note, key);
    const files = new Map<string, Uint8Array>();
    for (const tile of tilesOf(size)) {
      const response = await get(`/${formatTilePath(tile)}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/octet-stream');
      expect(response.headers.get('cache-control')).toBe(IMMUTABLE);
      files.set(formatTilePath(tile), new Uint8Array(await response.arrayBuffer()));
    }
    const tree = new TiledTree(nativeCrypto, size, (tile) => files.get(formatTilePath(tile))!);
    expect(tree.root()).toEqual(root);
  });

  test('beyond the published size are not there, though the log has them', async () => {
    for (const path of ['/tile/0/001.p/15', '/tile/0/001', '/tile/0/001.p/44', '/tile/1/000.p/2']) {
      expect(await refusal(await get(path))).toBe('404 ERR_HTTP_TILE_UNKNOWN');
      const entries = path.replace('/tile/0/', '/tile/entries/');
      if (entries !== path) {
        expect(await refusal(await get(entries, SECRET))).toBe('404 ERR_HTTP_TILE_UNKNOWN');
      }
    }
    expect((await get('/tile/0/001.p/14')).status).toBe(200);
  });

  test('no path makes the door answer anything but 200, 400, 401 or 404', async () => {
    const app = build();
    const path = fc.oneof(
      fc.webPath(),
      fc.stringMatching(/^\/[0-9a-z]{1,7}\/(x[0-9]{3}\/)?[0-9]{3}(\.p\/[0-9]{1,3})?$/),
    );
    await fc.assert(
      fc.asyncProperty(path, async (tail) => {
        const { status } = await app.request(`/tile${tail.startsWith('/') ? tail : `/${tail}`}`);
        expect([200, 400, 401, 404]).toContain(status);
      }),
    );
  });
});

describe('entry bundles', () => {
  const tile: Tile = { level: 'entries', index: 1, width: 14 };
  const path = `/${formatTilePath(tile)}`;

  test('are the entries whose hashes are in the tile of level 0', async () => {
    const response = await get(path, SECRET);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const entries = decodeEntryBundle(new Uint8Array(await response.arrayBuffer()), tile.width);
    expect(entries.map((entry) => leafHash(nativeCrypto, entry))).toEqual(
      entries.map((_, index) => house.log.tree.leafHash(256 + index)),
    );
  });

  test('are for the operator, or for a token that may verify, on record', async () => {
    expect(await refusal(await get(path))).toBe('401 ERR_HTTP_TOKEN_MISSING');
    expect((await get(path, 'not-the-secret')).status).toBe(401);
    expect((await get(path, await house.token(['query']))).status).toBe(403);
    const before = house.records.length;
    expect((await get(path, await house.token(['verify']))).status).toBe(200);
    expect(house.records.slice(before).map(({ action }) => action)).toEqual(['verify', 'verify']);
  });
});
