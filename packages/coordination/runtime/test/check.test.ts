import { crc32 } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import { MerkleTree } from '@veritydb/merkle';
import { SimDisk } from '@veritydb/sim';
import {
  CanonicalReader,
  RECORD_HEADER_SIZE,
  concatBytes,
  decodeRecordHeader,
  hexToBytes,
  toHash,
} from '@veritydb/types';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';

import {
  type Files,
  check,
  diskOf,
  failed,
  filesNamed,
  filesOf,
  smallTenant,
  withFile,
} from './check-house.ts';
import { PEOPLE, execute, machineOf, openKeys, openTenant } from './tenant-house.ts';

const SEGMENT = 'log/00000000000000000000.vlog';

let files: Files;
beforeAll(async () => {
  files = await smallTenant();
});

function bytesOf(name: string): Uint8Array {
  return (files.get(name) as Uint8Array).slice();
}

function flip(bytes: Uint8Array, position: number, bit = 0): void {
  bytes[position] = (bytes[position] as number) ^ (1 << bit);
}

function flipped(name: string, position: number, bit: number): Files {
  const bytes = bytesOf(name);
  flip(bytes, position, bit);
  return withFile(files, name, bytes);
}

interface Place {
  readonly position: number;
  readonly size: number;
}

/** Where each record of the segment lies. */
function placesOf(bytes: Uint8Array): readonly Place[] {
  const places: Place[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let position = 64; position < bytes.length && bytes[position] === 1;) {
    const size = RECORD_HEADER_SIZE + view.getUint32(position + 4, true) + 4;
    places.push({ position, size });
    position += size;
  }
  return places;
}

/** Makes payload digest and CRC of a record fit its bytes. */
function mend(bytes: Uint8Array, { position, size }: Place): void {
  const end = position + size - 4;
  const payload = bytes.subarray(position + RECORD_HEADER_SIZE, end);
  bytes.set(nativeCrypto.sha256(payload), position + RECORD_HEADER_SIZE - 32);
  new DataView(bytes.buffer).setUint32(end, crc32(bytes, position, end), true);
}

describe('a database that is whole', () => {
  it('is sound by every check but the one that needs a checkpoint', () => {
    const result = check(files);
    const open = result.lines.filter(({ verdict }) => verdict !== 'ok');
    expect(open.map((line) => line.check)).toEqual(['signed-checkpoint']);
    expect(result).toMatchObject({ isSound: true, records: 5, recoveries: [] });
  });

  it('is sound without a store, and has the same state', () => {
    const without = check(withFile(files, 'store.vdb', undefined));
    const state = (result: typeof without) => result.lines.find((line) => line.check === 'state');
    expect(without.isSound).toBe(true);
    expect(state(without)).toEqual(state(check(files)));
  });

  it('that was not closed is sound, and says what the next open will do', async () => {
    const machine = machineOf(new SimDisk());
    const tenant = openTenant(machine);
    await execute(tenant, PEOPLE);
    const result = check(filesOf(machine.disk));
    expect(result.isSound).toBe(true);
    expect(result.lines.find((line) => line.check === 'end')?.verdict).toBe('harmless');
    tenant.close();
  });

  it('lists its recoveries', async () => {
    const machine = machineOf(new SimDisk());
    await execute(openTenant(machine), PEOPLE);
    const again = openTenant(machine);
    again.close();
    const { isSound, recoveries } = check(filesOf(machine.disk));
    expect(isSound).toBe(true);
    expect(recoveries).toMatchObject([{ offset: 2, reason: 'node-restart', discardedBytes: 0 }]);
  });

  it('whose master key is not there says what it could not check', () => {
    const result = check(files, { masterKey: new Uint8Array(32) });
    expect(failed(result)).toEqual(['keys']);
    expect(filesNamed(result)).toEqual(new Set(['master.key']));
    expect(result.lines.find((line) => line.check === 'commitments')?.verdict).toBe('not-checked');
  });
});

describe('a flipped bit', () => {
  /** Of the files that hold what cannot be had elsewhere: every byte. */
  it.each(['keys.vks', SEGMENT])('of %s is found, whichever it is', (name) => {
    for (let position = 0; position < bytesOf(name).length; position += 1) {
      const result = check(flipped(name, position, position % 8));
      expect(result.isSound, `byte ${position}`).toBe(false);
      expect(filesNamed(result), `byte ${position}`).toContain(name);
    }
  });

  it('of one copy of the superblock is harmless, and the copy is named', () => {
    const size = bytesOf('superblock').length;
    for (let position = 0; position < size; position += position % 4096 < 160 ? 3 : 211) {
      const result = check(flipped('superblock', position, position % 8));
      const line = result.lines.find((one) => one.check === 'superblock');
      expect(result.isSound, `byte ${position}`).toBe(true);
      expect(line, `byte ${position}`).toMatchObject({
        verdict: 'harmless',
        faults: [{ file: 'superblock', position: Math.floor(position / 4096) * 4096 }],
      });
    }
  });

  it('of the store is found, or is in a copy of its superblock that is named', () => {
    const size = bytesOf('store.vdb').length;
    for (let position = 0; position < size; position += position % 4096 < 64 ? 2 : 41) {
      const result = check(flipped('store.vdb', position, position % 8));
      const line = result.lines.find((one) => one.check === 'store');
      const isCopy = position < 4 * 4096;
      expect(line?.verdict, `byte ${position}`).toBe(isCopy ? 'harmless' : 'failed');
      expect(line?.faults[0]?.file).toBe('store.vdb');
    }
  });

  // S195: three bad copies of four are survived, and told of.
  it('of three copies of the superblock is harmless, of all four it is damage', () => {
    const bytes = bytesOf('superblock');
    for (let copy = 0; copy < 3; copy += 1) bytes[copy * 4096 + 60] = 1;
    expect(check(withFile(files, 'superblock', bytes.slice())).isSound).toBe(true);
    bytes[3 * 4096 + 60] = 1;
    expect(failed(check(withFile(files, 'superblock', bytes)))).toEqual(['superblock']);
  });

  it('of any files, any number of them, is never thrown about', () => {
    const flips = fc.array(
      fc.tuple(fc.constantFrom(...files.keys()), fc.nat(), fc.integer({ min: 0, max: 7 })),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(
      fc.property(flips, (all) => {
        let damaged = files;
        for (const [name, at, bit] of all) {
          const bytes = (damaged.get(name) as Uint8Array).slice();
          flip(bytes, at % bytes.length, bit);
          damaged = withFile(damaged, name, bytes);
        }
        expect(check(damaged).lines).toHaveLength(check(files).lines.length);
      }),
      { numRuns: 50 },
    );
  });
});

describe('a value edited in its place', () => {
  it('is found by CRC and digest where the chain was left alone', () => {
    const bytes = bytesOf(SEGMENT);
    const { position, size } = placesOf(bytes)[2] as Place;
    flip(bytes, position + size - 30);
    const result = check(withFile(files, SEGMENT, bytes));
    expect(failed(result)).toEqual(expect.arrayContaining(['checksums', 'payload-digests']));
    const line = result.lines.find((one) => one.check === 'checksums');
    expect(line?.faults).toMatchObject([{ file: SEGMENT, position, offset: 2 }]);
  });

  it('is found by the chain where CRC and digests were made to fit', () => {
    const bytes = bytesOf(SEGMENT);
    const place = placesOf(bytes)[2] as Place;
    flip(bytes, place.position + place.size - 30);
    mend(bytes, place);
    const result = check(withFile(files, SEGMENT, bytes));
    expect(failed(result)).toEqual(expect.arrayContaining(['chain', 'seals']));
    expect(failed(result)).not.toContain('checksums');
  });

  it('is found by the superblock in the last record, where no chain leads on', () => {
    const bytes = bytesOf(SEGMENT);
    const place = placesOf(bytes).at(-1) as Place;
    flip(bytes, place.position + 24);
    mend(bytes, place);
    expect(failed(check(withFile(files, SEGMENT, bytes)))).toContain('end');
  });
});

/** What the holder of all keys reads in the record of two rows, and what seals it again. */
function secondRecord(bytes: Uint8Array, { position, size }: Place) {
  const header = bytes.slice(position, position + RECORD_HEADER_SIZE);
  const { generation, keyId, offset } = decodeRecordHeader(header);
  const keys = openKeys(machineOf(diskOf(files)));
  const key = keys.key(keyId).slice();
  keys.close();
  const associatedData = header.slice(0, 136);
  const at = { generation, offset };
  const sealed = bytes.slice(position + RECORD_HEADER_SIZE, position + size - 4);
  const plaintext = nativeCrypto.recordCipher(key).open(at, associatedData, sealed);
  const reader = new CanonicalReader(plaintext);
  reader.arrayOf(4);
  reader.count();
  reader.text();
  reader.null();
  const ofRows = Array.from({ length: reader.array() }, () => {
    reader.arrayOf(3);
    reader.count();
    reader.text();
    return reader.count();
  });
  return {
    plaintext,
    keyIds: [keyId, ...ofRows],
    rows: ofRows.map(() => reader.bytes().slice()),
    seal: (changed: Uint8Array): Uint8Array => {
      const target = new Uint8Array(sealed.length);
      const cipher = nativeCrypto.recordCipher(key);
      cipher.encrypt(generation, [{ offset, plaintext: changed, start: 0 }], target);
      cipher.authenticate(associatedData, target, 0, changed.length);
      return target;
    },
  };
}

/**
 * What the holder of all keys can do: changes one value in clear, seals it again, and makes digests,
 * chain, CRCs and superblock fit.
 */
function forge(isCommitted: boolean): Files {
  const bytes = bytesOf(SEGMENT);
  const places = placesOf(bytes);
  const second = places[2] as Place;
  const { plaintext, rows, seal } = secondRecord(bytes, second);
  // Row [1, 'ann', 7]: the last byte is the score, and what hides it stays as it is.
  const [hidden = new Uint8Array(0)] = rows;
  const last = Buffer.from(plaintext).indexOf(hidden) + hidden.length - 1;
  if (!isCommitted) plaintext[last] = (plaintext[last] as number) ^ 7 ^ 8;
  bytes.set(seal(plaintext), second.position + RECORD_HEADER_SIZE);
  let previous: Uint8Array | undefined;
  for (const place of places.slice(2)) {
    if (previous !== undefined) bytes.set(previous, place.position + 72);
    mend(bytes, place);
    const header = bytes.slice(place.position, place.position + RECORD_HEADER_SIZE);
    previous = nativeCrypto.sha256(concatBytes(new Uint8Array(1), header));
  }
  const superblock = bytesOf('superblock');
  for (let copy = 0; copy < 4; copy += 1) {
    const sector = superblock.subarray(copy * 4096, (copy + 1) * 4096);
    sector.set(previous as Uint8Array, 64);
    sector.set(nativeCrypto.sha256(sector.subarray(0, 128)), 128);
  }
  return withFile(withFile(files, SEGMENT, bytes), 'superblock', superblock);
}

// S006: the state is derived again from the events, and compared with what was committed to.
describe('a forger who has all keys', () => {
  it('who changes nothing changes nothing', () => {
    expect(check(forge(true)).isSound).toBe(true);
  });

  it('is found by the commitments, however well all else fits', () => {
    const result = check(forge(false));
    // Records behind it are sealed under headers that were changed: a forger has those to seal again too.
    expect(failed(result)).toContain('commitments');
    const line = result.lines.find((one) => one.check === 'commitments');
    expect(line?.faults).toMatchObject([{ file: SEGMENT, offset: 2 }]);
  });
});

describe('a held checkpoint', () => {
  function headTree(source: Files): MerkleTree {
    const tree = new MerkleTree(nativeCrypto);
    const bytes = source.get(SEGMENT) as Uint8Array;
    for (const { position } of placesOf(bytes)) {
      const header = bytes.slice(position, position + RECORD_HEADER_SIZE);
      tree.append(nativeCrypto.sha256(concatBytes(new Uint8Array(1), header)));
    }
    return tree;
  }

  it('of any size up to the log’s own is met', () => {
    const tree = headTree(files);
    for (let size = 1; size <= tree.size; size += 1) {
      const checkpoint = { origin: 'test.example/verity', size, root: tree.root(size) };
      expect(check(files, { checkpoint }).isSound).toBe(true);
    }
  });

  it('shows a log that was rewritten, and one that was truncated', () => {
    const tree = headTree(files);
    const origin = 'test.example/verity';
    const root = toHash(hexToBytes('11'.repeat(32)));
    expect(failed(check(files, { checkpoint: { origin, size: 3, root } }))).toEqual([
      'signed-checkpoint',
    ]);
    const longer = { origin, size: tree.size + 1, root };
    expect(failed(check(files, { checkpoint: longer }))).toEqual(['signed-checkpoint']);
  });
});

describe('keys', () => {
  /** Key ids of record 2, which is about two people: that it is sealed under, then those of its rows. */
  function keyIds(): readonly number[] {
    const bytes = bytesOf(SEGMENT);
    return secondRecord(bytes, placesOf(bytes)[2] as Place).keyIds;
  }

  function destroyed(id: number): Uint8Array {
    const bytes = bytesOf('keys.vks');
    const slot = bytes.subarray(id * 128, (id + 1) * 128);
    slot[3] = 2;
    slot.fill(0, 48, 88);
    new DataView(slot.buffer, slot.byteOffset).setUint32(124, crc32(slot.slice(0, 124)), true);
    return bytes;
  }

  it('that were destroyed make records erased, and not damaged', () => {
    const [, , last = 0] = keyIds();
    const result = check(withFile(files, 'keys.vks', destroyed(last)));
    for (const name of ['keys', 'seals', 'events', 'commitments', 'tree']) {
      expect(result.lines.find((line) => line.check === name)?.verdict, name).toBe('ok');
    }
    const sections = result.lines.find((line) => line.check === 'seals');
    expect(sections?.what).toContain('1 rows are erased');
  });

  it('that were destroyed without a word in the log are told of, unless it was restored', () => {
    const [, , last = 0] = keyIds();
    const result = check(
      withFile(withFile(files, 'keys.vks', destroyed(last)), 'store.vdb', undefined),
    );
    expect(failed(result)).toEqual(['state']);
    const line = result.lines.find((one) => one.check === 'state');
    expect(line?.faults).toMatchObject([{ file: 'keys.vks', position: last * 128 }]);
  });

  it('that the key store never had are damage', () => {
    const bytes = bytesOf('keys.vks');
    const [, , last = 0] = keyIds();
    // The key store as it was before the key was made, with a header that says so.
    const older = bytes.slice(0, last * 128);
    new DataView(older.buffer).setBigUint64(24, BigInt(last), true);
    new DataView(older.buffer).setUint32(124, crc32(older.slice(0, 124)), true);
    const result = check(withFile(files, 'keys.vks', older));
    expect(failed(result)).toContain('seals');
  });

  it('that do not unwrap are damage, though their checksum fits', () => {
    const bytes = bytesOf('keys.vks');
    const [, second = 0] = keyIds();
    const slot = bytes.subarray(second * 128, (second + 1) * 128);
    flip(slot, 50);
    new DataView(slot.buffer, slot.byteOffset).setUint32(124, crc32(slot.slice(0, 124)), true);
    const result = check(withFile(files, 'keys.vks', bytes));
    const line = result.lines.find((one) => one.check === 'keys');
    expect(line).toMatchObject({ verdict: 'failed', faults: [{ position: second * 128 }] });
  });
});

describe('a store of another log', () => {
  it('is found though every page of it is whole', async () => {
    // A row less in the log than in the store: as if the log had been put back from a copy.
    const machine = machineOf(new SimDisk());
    const tenant = openTenant(machine);
    await execute(tenant, PEOPLE);
    await execute(tenant, "INSERT INTO people (id, name, score) VALUES (1, 'ann', 7)");
    tenant.close();
    const short = filesOf(machine.disk);
    const longer = openTenant(machine);
    await execute(longer, "INSERT INTO people (id, name, score) VALUES (2, 'ann', 7)");
    longer.close();
    const store = filesOf(machine.disk).get('store.vdb') as Uint8Array;
    expect(failed(check(withFile(short, 'store.vdb', store)))).toEqual(['store']);
  });
});
