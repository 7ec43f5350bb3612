import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type Checkpoint,
  MerkleTree,
  type WitnessDecision,
  decideAddCheckpoint,
  formatAddCheckpoint,
  formatVerifierKey,
  leafHash,
  parseAddCheckpoint,
  parseCheckpoint,
  parseNote,
  parseVerifierKey,
  signCheckpoint,
  verifierKeyOf,
  verifyNote,
} from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { bytesToBase64, bytesToHex, hexToBytes, utf8Encode } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hasShared, sharedText } from '../../types/test/shared-vectors.ts';

const LOG = { name: 'log.example/a', seed: new Uint8Array(32).fill(1) };
const WITNESS = { name: 'witness.example/w1', seed: new Uint8Array(32).fill(2) };
const logKey = verifierKeyOf(nativeCrypto, LOG, 'note');
const identity = { signer: WITNESS, logs: [logKey] };
const witnessKey = verifierKeyOf(nativeCrypto, WITNESS, 'cosignature');

/** Two logs of one origin and key that agree on the first eleven leaves and then part. */
const FORK = 11;
const SIZE = 40;
const trees = ['a', 'b'].map((branch) => {
  const tree = new MerkleTree(nativeCrypto);
  for (let index = 0; index < SIZE; index += 1) {
    tree.append(leafHash(nativeCrypto, utf8Encode(index < FORK ? `${index}` : branch + index)));
  }
  return tree;
});
const tree = trees[0]!;

const checkpointOf = (size: number, of: MerkleTree = tree, signer = LOG): string =>
  signCheckpoint(nativeCrypto, { origin: signer.name, size, root: of.root(size) }, signer);
const request = (oldSize: number, size: number, of: MerkleTree = tree): string =>
  formatAddCheckpoint({
    oldSize,
    proof: oldSize === 0 ? [] : of.consistencyProof(oldSize, size),
    checkpoint: checkpointOf(size, of),
  });
const known = (size: number): Checkpoint => ({ origin: LOG.name, size, root: tree.root(size) });
const decide = (body: string, seen?: Checkpoint): WitnessDecision =>
  decideAddCheckpoint(
    nativeCrypto,
    identity,
    (origin) => (seen?.origin === origin ? seen : undefined),
    body,
  );

describe('requests', () => {
  test('the example of C2SP tlog-witness is read, and written as it was', () => {
    const body = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`;
    const parsed = parseAddCheckpoint(body);
    expect([parsed.oldSize, parsed.proof.length]).toEqual([20_852_014, 4]);
    expect(parseCheckpoint(parseNote(parsed.checkpoint).text).size).toBe(20_852_163);
    expect(formatAddCheckpoint(parsed)).toBe(body);
  });

  const good = request(3, 7);
  const hash = bytesToBase64(new Uint8Array(32));
  test.each([
    ['nothing', ''],
    ['no empty line', good.replaceAll('\n\n', '\n')],
    ['no old size', good.replace(/^old \d+\n/, '')],
    ['another word', good.replace('old ', 'new ')],
    ['two spaces', good.replace('old ', 'old  ')],
    ['a leading zero', good.replace('old 3', 'old 03')],
    ['a size that is no safe integer', good.replace('old 3', 'old 9999999999999999')],
    ['a negative size', good.replace('old 3', 'old -3')],
    ['carriage returns', good.replaceAll('\n', '\r\n')],
    ['a hash that is no base64', good.replace('\n', '\n???\n')],
    ['a hash of 31 bytes', good.replace('\n', `\n${bytesToBase64(new Uint8Array(31))}\n`)],
    ['64 hashes', `old 3\n${`${hash}\n`.repeat(64)}\n${checkpointOf(7)}`],
    ['more than 64 KiB', good + 'a'.repeat(65_536)],
  ])('refused: %s', (_, body) => {
    expect(codeOf(() => parseAddCheckpoint(body))).toBe('ERR_MERKLE_WITNESS');
    expect(decide(body, known(3)).status).toBe(400);
  });

  test('no text makes the parser or the witness throw anything but the code', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom('old 3', hash, '', LOG.name, '7', '— a b'));
    const body = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(body, (text) => {
        expect(['none', 'ERR_MERKLE_WITNESS']).toContain(codeOf(() => parseAddCheckpoint(text)));
        expect([400, 404]).toContain(decide(text).status);
      }),
    );
    // One character of a good request changed: never a cosignature of anything but what was signed.
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, by) => {
        const changed = good.slice(0, at) + by + good.slice(at + 1);
        const decision = decide(changed, known(3));
        if (decision.status === 200) expect(decision.seen).toEqual(known(7));
        else expect([400, 403, 404, 409, 422]).toContain(decision.status);
      }),
      { numRuns: 500 },
    );
  });
});

describe('decisions', () => {
  test('200: first checkpoint, growth, and the same again; the cosignature is over that checkpoint', () => {
    for (const [before, size] of [
      [0, 1],
      [0, 12],
      [1, 2],
      [5, 37],
      [8, 16],
      [7, 7],
    ] as const) {
      const decision = decide(request(before, size), before === 0 ? undefined : known(before));
      if (decision.status !== 200) throw new Error(`${decision.status}`);
      expect(decision.seen).toEqual(known(size));
      const note = checkpointOf(size) + decision.cosign(1_679_315_147);
      expect(verifyNote(nativeCrypto, note, [logKey, witnessKey]).signers).toHaveLength(2);
    }
  });

  test('the empty tree is cosigned with its root, and with no other', () => {
    expect(decide(request(0, 0)).status).toBe(200);
    const forged = { origin: LOG.name, size: 0, root: tree.root(1) };
    const checkpoint = signCheckpoint(nativeCrypto, forged, LOG);
    expect(decide(formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint }))).toEqual({
      status: 409,
      size: 0,
    });
  });

  test('400: the old size is above the new one', () => {
    const checkpoint = checkpointOf(7);
    expect(
      decide(formatAddCheckpoint({ oldSize: 8, proof: [], checkpoint }), known(8)).status,
    ).toBe(400);
  });

  test('403: the log has not signed; 404: no such log', () => {
    const stranger = { name: LOG.name, seed: new Uint8Array(32).fill(3) };
    const other = { name: 'log.example/b', seed: LOG.seed };
    const body = (signer: typeof LOG) =>
      formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint: checkpointOf(7, tree, signer) });
    expect(decide(body(stranger)).status).toBe(403);
    expect(decide(body(other)).status).toBe(404);
    const changed = request(0, 7).replace('\n7\n', '\n8\n');
    expect(decide(changed).status).toBe(403);
  });

  test('409: with the size that is known, before any proof is looked at', () => {
    expect(decide(request(3, 7), known(5))).toEqual({ status: 409, size: 5 });
    expect(decide(request(0, 7), known(5))).toEqual({ status: 409, size: 5 });
    expect(decide(request(3, 7))).toEqual({ status: 409, size: 0 });
  });

  test('409: another root of the same size', () => {
    const body = request(20, 20, trees[1]);
    expect(decide(body, known(20))).toEqual({ status: 409, size: 20 });
  });

  test('422: the proof is missing, of another tree, or there where none may be', () => {
    const checkpoint = checkpointOf(7);
    const proof = tree.consistencyProof(3, 7);
    const ask = (oldSize: number, given: typeof proof, seen?: Checkpoint) =>
      decide(formatAddCheckpoint({ oldSize, proof: given, checkpoint }), seen).status;
    expect(ask(3, [], known(3))).toBe(422);
    expect(ask(3, proof.slice(1), known(3))).toBe(422);
    expect(ask(3, [...proof, proof[0]!], known(3))).toBe(422);
    expect(ask(0, proof)).toBe(422);
    expect(ask(7, proof, known(7))).toBe(422);
    expect(decide(request(20, 30, trees[1]), known(20)).status).toBe(422);
  });

  test('whatever two forks send in whatever order, what is cosigned is one log', () => {
    const size = fc.nat(SIZE);
    const ask = fc.record({ oldSize: size, size, branch: fc.nat(1), believes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 30 }), (asks) => {
        let seen: Checkpoint | undefined;
        const roots = new Map<number, string>();
        for (const one of asks) {
          const of = trees[one.branch]!;
          const oldSize = one.believes ? (seen?.size ?? 0) : one.oldSize;
          const proof =
            oldSize === 0 || oldSize > one.size ? [] : of.consistencyProof(oldSize, one.size);
          const checkpoint = checkpointOf(one.size, of);
          const decision = decide(formatAddCheckpoint({ oldSize, proof, checkpoint }), seen);
          if (decision.status !== 200) continue;
          expect(decision.seen.size).toBeGreaterThanOrEqual(seen?.size ?? 0);
          seen = decision.seen;
          const root = bytesToHex(seen.root);
          expect(roots.get(seen.size) ?? root).toBe(root);
          roots.set(seen.size, root);
        }
        // The twin: all roots that were cosigned are of one of the two logs.
        const isOf = (of: MerkleTree) =>
          [...roots].every(([at, root]) => bytesToHex(of.root(at)) === root);
        expect(trees.some(isOf)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe.runIf(hasShared('vectors/c2sp'))('the transcripts of litewitness', () => {
  const NAME = 'vectors/c2sp/litewitness-transcript.txtar';

  test('get the same answers, but 404 for an unknown log as the standard now has it', () => {
    const text = sharedText(NAME);
    const publicKey = hexToBytes(/add-sigsum-log -key=([0-9a-f]{64})/.exec(text)?.[1] ?? '');
    const origin = `sigsum.org/v1/tree/${bytesToHex(nativeCrypto.sha256(publicKey))}`;
    const key = formatVerifierKey(nativeCrypto, origin, publicKey);
    const logs = [parseVerifierKey(nativeCrypto, key)];
    const posts = [...text.matchAll(/```\n(old .*?\n)```\nHTTP (\d+)\n\[Asserts\]\n(.*?)\n/gs)];
    expect(posts).toHaveLength(9);
    let seen: Checkpoint | undefined;
    for (const [, body = '', status = '', assertion = ''] of posts) {
      const decision = decideAddCheckpoint(
        nativeCrypto,
        { signer: WITNESS, logs },
        (one) => (one === origin ? seen : undefined),
        // The signature that is not good is in a base64 that is not canonical: 400 here, so mended.
        body.replace('6gx=', '6gw='),
      );
      const expected = assertion.includes('unknown log') ? 404 : Number(status);
      expect(decision.status, body).toBe(expected);
      if (decision.status === 409) expect(assertion).toContain(`"${decision.size}\\n"`);
      if (decision.status === 200) seen = decision.seen;
    }
    expect(seen?.size).toBe(5);
  });
});
