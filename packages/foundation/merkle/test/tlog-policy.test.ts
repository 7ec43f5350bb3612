import { nativeCrypto } from '@veritydb/crypto/native';
import {
  type Signer,
  cosignText,
  formatVerifierKey,
  meetsQuorum,
  parseTlogPolicy,
  signCheckpoint,
  verifierKeyOf,
  verifyUnderPolicy,
} from '@veritydb/merkle';
import { codeOf, table } from '@veritydb/testkit';
import { toHash } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hasShared, sharedText } from '../../types/test/shared-vectors.ts';

const signer = (name: string, fill: number): Signer => ({
  name,
  seed: new Uint8Array(32).fill(fill),
});
const keyOf = ({ name, seed }: Signer, kind: 'note' | 'cosignature') =>
  formatVerifierKey(nativeCrypto, name, nativeCrypto.ed25519PublicKey(seed), kind);
const LOG = signer('log.example/a', 1);
const WITNESSES = ['X1', 'X2', 'X3', 'Y1', 'Y2', 'Y3'].map((name, index) =>
  signer(`witness.example/${name.toLowerCase()}`, 10 + index),
);
const [X1, X2, X3, Y1, Y2, Y3] = WITNESSES.map((one) => keyOf(one, 'cosignature'));
const L = keyOf(LOG, 'note');

/** The example of C2SP tlog-policy, with keys. */
const EXAMPLE = `log ${L}

witness X1 ${X1}
witness X2 ${X2}
witness X3 ${X3}
group X-witnesses 2 X1 X2 X3

witness Y1 ${Y1}
witness Y2 ${Y2}
witness Y3 ${Y3}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;
const parse = (text: string) => parseTlogPolicy(nativeCrypto, text);
const keysOf = (names: string) =>
  names
    .split(' ')
    .filter((name) => name !== '')
    .map((name) => WITNESSES.find((one) => one.name.endsWith(name.toLowerCase()))!)
    .map((one) => verifierKeyOf(nativeCrypto, one, 'cosignature'));

describe('the example of C2SP tlog-policy', () => {
  test.each(
    table(`
      cosigned              enough
                            no
      X1 X2                 no
      Y1 Y2 Y3              no
      X1 Y1                 no
      X1 X3 Y2              yes
      X2 X3 Y1 Y3           yes
      X1 X2 X3 Y1 Y2 Y3     yes
    `),
  )('$cosigned: $enough', ({ cosigned = '', enough }) => {
    expect(meetsQuorum(parse(EXAMPLE), keysOf(cosigned))).toBe(enough === 'yes');
  });

  test('a checkpoint is verified under it, or the lack of a quorum is told', () => {
    const root = toHash(new Uint8Array(32).fill(5));
    const checkpoint = { origin: LOG.name, size: 7, root };
    const signed = signCheckpoint(nativeCrypto, checkpoint, LOG);
    const text = signed.slice(0, signed.indexOf('\n\n') + 1);
    const cosigned = (...at: readonly number[]) =>
      signed +
      at.map((index) => cosignText(nativeCrypto, text, WITNESSES[index]!, 1000 + index)).join('');
    const policy = parse(EXAMPLE);
    const verified = verifyUnderPolicy(nativeCrypto, cosigned(0, 2, 5), policy);
    expect(verified.checkpoint).toEqual(checkpoint);
    expect(verified.cosigners).toEqual(keysOf('X1 X3 Y3'));
    const code = (note: string) => codeOf(() => verifyUnderPolicy(nativeCrypto, note, policy));
    expect(code(cosigned(0, 1))).toBe('ERR_MERKLE_QUORUM');
    expect(code(signed)).toBe('ERR_MERKLE_QUORUM');
    // The same witness twice is one.
    expect(code(cosigned(0, 0, 5))).toBe('ERR_MERKLE_QUORUM');
    // Cosigned by all, signed by a log that is not in it.
    const stranger = signer(LOG.name, 99);
    const foreign = signCheckpoint(nativeCrypto, checkpoint, stranger);
    const lines = cosigned(0, 1, 2, 3, 4, 5).slice(signed.length);
    expect(code(foreign + lines)).toBe('ERR_MERKLE_SIGNATURE');
    expect(code(cosigned(0, 2, 5).replace('\n7\n', '\n8\n'))).toBe('ERR_MERKLE_SIGNATURE');
  });
});

describe('what is taken', () => {
  test.each([
    ['no witness at all', 'quorum none\n', 0, 0],
    ['one witness', `witness w ${X1}\nquorum w\n`, 0, 1],
    [
      'white space, comments, URLs',
      `\n# a\n\t # b\n\twitness \t w  ${X1}   https://w.example/  \n\n quorum\tw\n`,
      0,
      1,
    ],
    ['a log with its URL', `log ${L} https://log.example/\nquorum none\n`, 1, 0],
    [
      'key words as names',
      `witness all ${X1}\nwitness any ${X2}\ngroup group 2 all any\nquorum group\n`,
      0,
      2,
    ],
    [
      'names beyond ASCII, as they are',
      `witness Kelvin ${X1}\nwitness \u212Aelvin ${X2}\nquorum \u212Aelvin\n`,
      0,
      2,
    ],
    ['definitions behind the quorum', `quorum none\nwitness w ${X1}\ngroup g any w\n`, 0, 1],
  ])('%s', (_, text, logs, witnesses) => {
    const policy = parse(text);
    expect([policy.logs.length, policy.witnesses.length]).toEqual([logs, witnesses]);
  });

  test('32 logs, 32 witnesses and 32 groups, as the standard asks', () => {
    const lines = Array.from({ length: 32 }, (_, index) => {
      const [log, witness] = [signer(`l${index}`, 100 + index), signer(`w${index}`, 150 + index)];
      return `log ${keyOf(log, 'note')}\nwitness w${index} ${keyOf(witness, 'cosignature')}\ngroup g${index} any w${index}\n`;
    });
    expect(parse(`${lines.join('')}quorum g31\n`).witnesses).toHaveLength(32);
  });

  test('URLs are kept as they stand', () => {
    const policy = parse(`witness w ${X1} https://w.example/prefix/\nquorum w\n`);
    expect(policy.witnesses[0]?.url).toBe('https://w.example/prefix/');
  });
});

describe('what is refused', () => {
  const w = `witness w ${X1}\n`;
  const w2 = `witness w2 ${X2}\n`;
  const other = formatVerifierKey(
    nativeCrypto,
    'impostor.example',
    nativeCrypto.ed25519PublicKey(WITNESSES[0]!.seed),
    'cosignature',
  );
  test.each([
    ['nothing', ''],
    ['a control character', 'quorum none\n\u0001\n'],
    ['a carriage return', 'quorum none\r\n'],
    ['DEL', 'quorum none\n#\u007f\n'],
    ['no newline at the end', 'quorum none'],
    ['an unknown statement', `quibble w\nquorum none\n`],
    ['a comment behind a statement', `witness w ${X1} https://w.example # c\nquorum w\n`],
    ['a log without a key', 'log\nquorum none\n'],
    ['a log with a malformed key', 'log garbage\nquorum none\n'],
    ['a log with a key of a witness', `log ${X1}\nquorum none\n`],
    ['a witness with a key of a log', `witness w ${L}\nquorum w\n`],
    ['a witness without a key', 'witness w\nquorum none\n'],
    ['a log twice', `log ${L}\nlog ${L} https://log.example\nquorum none\n`],
    ['a witness twice under another name', `${w}witness w2 ${X1}\nquorum w\n`],
    ['a key twice under another key name', `${w}witness w2 ${other}\nquorum w\n`],
    ['a witness named none', `witness none ${X1}\nquorum none\n`],
    ['a group named none', `${w}group none any w\nquorum none\n`],
    ['a name twice', `${w}witness w ${X2}\nquorum w\n`],
    ['a group of a witness’s name', `${w}group w any w\nquorum w\n`],
    ['a group without members', `${w}group g any\nquorum w\n`],
    ['a threshold of zero', `${w}group g 0 w\nquorum g\n`],
    ['a threshold below zero', `${w}group g -1 w\nquorum g\n`],
    ['a threshold with a leading zero', `${w}group g 01 w\nquorum g\n`],
    ['a threshold above the members', `${w}group g 2 w\nquorum g\n`],
    ['an unknown member', `${w}group g any w2\nquorum g\n`],
    ['a member that is defined below', `group g any w\n${w}quorum g\n`],
    ['none as a member', `${w}group g any none w\nquorum g\n`],
    ['a member twice in a group', `${w}group g all w w\nquorum g\n`],
    ['a member of two groups', `${w}${w2}group g any w w2\ngroup h any w\nquorum g\n`],
    ['no quorum', w],
    ['two quorums', `${w}quorum w\nquorum w\n`],
    ['an unknown quorum', `${w}quorum x\n`],
    ['a quorum that is defined below', `quorum w\n${w}`],
    ['a quorum without a name', `${w}quorum\n`],
    ['more than a quarter of a million characters', `${'#'.repeat(262_144)}\nquorum none\n`],
  ])('%s', (_, text) => {
    expect(codeOf(() => parse(text))).toBe('ERR_MERKLE_POLICY');
  });

  test('no text makes the parser throw anything but its code', () => {
    const word = fc.oneof(
      fc.constantFrom('log', 'witness', 'group', 'quorum', 'none', 'any', 'all', '1', 'w', 'g'),
      fc.constantFrom(L, X1!, X2!),
      fc.string({ maxLength: 8 }),
    );
    const line = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));
    const text = fc.oneof(
      fc.string(),
      fc.array(line, { maxLength: 12 }).map((lines) => `${lines.join('\n')}\n`),
    );
    fc.assert(
      fc.property(text, (one) => {
        expect(['none', 'ERR_MERKLE_POLICY']).toContain(codeOf(() => parse(one)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe.runIf(hasShared('vectors/tessera-tlog'))('the policy of tessera', () => {
  test('holds for its checkpoint', () => {
    const policy = parse(sharedText('vectors/tessera-tlog/policy.txt'));
    const note = sharedText('vectors/tessera-tlog/log/checkpoint');
    expect(verifyUnderPolicy(nativeCrypto, note, policy).checkpoint.size).toBe(15);
  });
});
