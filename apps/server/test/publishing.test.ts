import { nativeCrypto } from '@veritydb/crypto/native';
import { formatVerifierKey } from '@veritydb/merkle';
import { expectCode } from '@veritydb/testkit';
import { describe, expect, test } from 'vitest';

import { memoryLog, publicationOf } from '../../../packages/protocol/http/test/memory-log.ts';
import { loadWitnessPolicy, startPublishing } from '../src/publishing.ts';

const log = memoryLog(5);
const keyOf = (name: string, fill: number, kind: 'note' | 'cosignature') => {
  const publicKey = nativeCrypto.ed25519PublicKey(new Uint8Array(32).fill(fill));
  return formatVerifierKey(nativeCrypto, name, publicKey, kind);
};
const OWN = formatVerifierKey(nativeCrypto, log.origin, log.publicKey);
const [W1, W2] = [keyOf('w.example/1', 1, 'cosignature'), keyOf('w.example/2', 2, 'cosignature')];
const witness1 = `witness w1 ${W1} https://w1.example/\n`;

function load(text: string | null) {
  return loadWitnessPolicy('policy', log, () => text);
}

describe('the policy of a server', () => {
  test('is none where none is named', () => {
    expect(loadWitnessPolicy(null, log, () => 'x')).toBeNull();
  });

  test.each([
    ['with this log', `log ${OWN}\n${witness1}quorum w1\n`],
    ['of any log', `${witness1}quorum w1\n`],
    ['with a witness that nobody asks, and need not', `${witness1}witness w2 ${W2}\nquorum w1\n`],
    ['with a witness on this machine', `witness w1 ${W1} http://127.0.0.1:7430\nquorum w1\n`],
    ['that asks for nothing', 'quorum none\n'],
  ])('is taken: %s', (_name, text) => {
    expect(load(text)?.witnesses.every(({ key }) => key.kind === 'cosignature')).toBe(true);
  });

  test.each([
    ['no such file', null],
    ['malformed', 'quorum w1\n'],
    ['of another log', `log ${keyOf('other.example', 8, 'note')}\n${witness1}quorum w1\n`],
    ['a quorum without an address', `witness w1 ${W1}\nquorum w1\n`],
    ['an address of another kind', `witness w1 ${W1} ftp://w1.example/\nquorum w1\n`],
    ['an address with a password', `witness w1 ${W1} https://me:pass@w1.example/\nquorum w1\n`],
    ['an address with a query', `witness w1 ${W1} https://w1.example/?a=1\nquorum w1\n`],
    ['an address with an empty query', `witness w1 ${W1} https://w1.example/?\nquorum w1\n`],
    ['an address with a fragment', `witness w1 ${W1} https://w1.example/#a\nquorum w1\n`],
    ['an address that is none', `witness w1 ${W1} w1.example\nquorum w1\n`],
    ['too few addresses', `${witness1}witness w2 ${W2}\ngroup g all w1 w2\nquorum g\n`],
  ])('is refused: %s', (_name, text) => {
    expect(expectCode(() => load(text), 'ERR_SERVER_CONFIG').hint).toBeDefined();
  });
});

test('a server without a policy publishes as it starts', async () => {
  const publication = publicationOf(memoryLog(9), 5);
  const publishing = startPublishing(publication, null, () => {});
  // Four records wait for a second at the most.
  while (publication.newest?.size !== 9) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
  expect(publication.newest.note).toBe(publication.log.signedCheckpoint(9));
  expect(await publishing.publish()).toBe(true);
  publishing.stop();
  expect(await publishing.publish()).toBe(false);
});
