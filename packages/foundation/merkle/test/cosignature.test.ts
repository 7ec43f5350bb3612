import { portableCrypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';
import {
  cosignText,
  formatVerifierKey,
  parseNote,
  parseVerifierKey,
  signNote,
  takeCosignatures,
  verifierKeyOf,
  verifyCheckpoint,
  verifyNote,
} from '@veritydb/merkle';
import { codeOf } from '@veritydb/testkit';
import { base64ToBytes, bytesToBase64, concatBytes } from '@veritydb/types';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/**
 * A checkpoint of a public log, with cosignatures of public witnesses made by other programs, and the
 * keys of the log (Ed25519) and of one of the witnesses.
 */
const PUBLIC = `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
`;
const LOG_KEY =
  'arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f';
const WITNESS_KEY = 'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2';

const TEXT = `log.example/a\n7\n${bytesToBase64(new Uint8Array(32).fill(5))}\n`;
const LOG = { name: 'log.example/a', seed: new Uint8Array(32).fill(1) };
const WITNESS = { name: 'witness.example/w1', seed: new Uint8Array(32).fill(2) };
const logKey = verifierKeyOf(nativeCrypto, LOG, 'note');
const witnessKey = verifierKeyOf(nativeCrypto, WITNESS, 'cosignature');
const NOTE = signNote(nativeCrypto, TEXT, LOG);

describe('cosignatures', () => {
  test('of other programs verify, beside the signature of the log', () => {
    for (const crypto of [nativeCrypto, portableCrypto]) {
      const keys = [LOG_KEY, WITNESS_KEY].map((key) => parseVerifierKey(crypto, key));
      expect(keys.map(({ kind }) => kind)).toEqual(['note', 'cosignature']);
      expect(verifyNote(crypto, PUBLIC, keys).signers).toEqual(keys);
      const { name, publicKey, kind } = keys[1]!;
      expect(formatVerifierKey(crypto, name, publicKey, kind)).toBe(WITNESS_KEY);
      expect(verifyCheckpoint(crypto, PUBLIC, LOG_KEY).size).toBe(1_432_088_532);
    }
  });

  // signed-note: a verifier must verify each signature of a key that it knows, wherever it stands.
  test('a bad signature of a known key refuses the note behind a good one, too', () => {
    const bad = cosignText(nativeCrypto, TEXT.replace('7', '8'), WITNESS, 9);
    const good = cosignText(nativeCrypto, TEXT, WITNESS, 9);
    const later = cosignText(nativeCrypto, TEXT, WITNESS, 10);
    const verify = (note: string) => verifyNote(nativeCrypto, note, [logKey, witnessKey]).signers;
    expect(codeOf(() => verify(NOTE + bad + good))).toBe('ERR_MERKLE_SIGNATURE');
    expect(codeOf(() => verify(NOTE + good + bad))).toBe('ERR_MERKLE_SIGNATURE');
    expect(verify(NOTE + good + later)).toEqual([logKey, witnessKey]);
  });

  test('hold no longer when the tree, the time or the witness is another', () => {
    const key = [parseVerifierKey(nativeCrypto, WITNESS_KEY)];
    const size = PUBLIC.replace('1432088532', '1432088533');
    const time = PUBLIC.replace('2net5wAAAABqEiEg', '2net5wAAAABqEiEh');
    for (const note of [size, time]) {
      expect(codeOf(() => verifyNote(nativeCrypto, note, key))).toBe('ERR_MERKLE_SIGNATURE');
    }
  });

  test('begin with the time, and are the same for the same time', () => {
    const line = cosignText(nativeCrypto, TEXT, WITNESS, 1_679_315_147);
    expect(cosignText(portableCrypto, TEXT, WITNESS, 1_679_315_147)).toBe(line);
    const [{ signature, keyId } = { signature: new Uint8Array(), keyId: new Uint8Array() }] =
      parseNote(`${TEXT}\n${line}`).signatures;
    expect(keyId).toEqual(witnessKey.keyId);
    expect(signature).toHaveLength(72);
    // C2SP tlog-cosignature, Format: the example's time of 1679315147, big-endian.
    expect(signature.slice(0, 8)).toEqual(Uint8Array.of(0, 0, 0, 0, 0x64, 0x18, 0x50, 0xcb));
    expect(verifyNote(nativeCrypto, NOTE + line, [witnessKey, logKey]).signers).toEqual([
      logKey,
      witnessKey,
    ]);
  });

  test('are not the signature of a log, nor the reverse, under one Ed25519 key', () => {
    const asNote = verifierKeyOf(nativeCrypto, WITNESS, 'note');
    expect(asNote.keyId).not.toEqual(witnessKey.keyId);
    const line = cosignText(nativeCrypto, TEXT, WITNESS, 1);
    const [, signed = ''] = signNote(nativeCrypto, TEXT, WITNESS).split('\n\n');
    const check = (one: string, key: typeof asNote) =>
      codeOf(() => verifyNote(nativeCrypto, `${TEXT}\n${one}`, [key]));
    expect([check(line, witnessKey), check(signed, asNote)]).toEqual(['none', 'none']);
    expect(check(line, asNote)).toBe('ERR_MERKLE_SIGNATURE');
    expect(check(signed, witnessKey)).toBe('ERR_MERKLE_SIGNATURE');
    const witnessText = formatVerifierKey(
      nativeCrypto,
      WITNESS.name,
      witnessKey.publicKey,
      'cosignature',
    );
    expect(codeOf(() => verifyCheckpoint(nativeCrypto, NOTE + line, witnessText))).toBe(
      'ERR_MERKLE_KEY',
    );
  });

  test('that are too short, too long or of a time beyond 2^63 are not good', () => {
    const good = parseNote(`${TEXT}\n${cosignText(nativeCrypto, TEXT, WITNESS, 1)}`).signatures[0]!;
    const late = good.signature.slice();
    late[0] = 0x80;
    for (const bytes of [
      good.signature.slice(0, 7),
      good.signature.slice(0, -1),
      concatBytes(good.signature, new Uint8Array(1)),
      late,
    ]) {
      const line = `— ${WITNESS.name} ${bytesToBase64(concatBytes(good.keyId, bytes))}\n`;
      const verify = () => verifyNote(nativeCrypto, `${TEXT}\n${line}`, [witnessKey]);
      expect(codeOf(verify)).toBe('ERR_MERKLE_SIGNATURE');
    }
  });
});

describe('verifier keys', () => {
  test('of a type that is not known are refused', () => {
    const key = base64ToBytes(WITNESS_KEY.split('+')[2] ?? '');
    for (const type of [0, 2, 3, 5, 6, 0x63]) {
      key[0] = type;
      const id = nativeCrypto.sha256(concatBytes(Buffer.from('remora.n621.de\n'), key)).slice(0, 4);
      const text = `remora.n621.de+${Buffer.from(id).toString('hex')}+${bytesToBase64(key)}`;
      expect(codeOf(() => parseVerifierKey(nativeCrypto, text))).toBe('ERR_MERKLE_KEY');
    }
  });
});

describe('what is taken of a witness’s answer', () => {
  const line = cosignText(nativeCrypto, TEXT, WITNESS, 1000);
  const take = (answer: string) => takeCosignatures(nativeCrypto, NOTE, answer, witnessKey);

  test('is its own good line, and nothing else', () => {
    const [, foreign = ''] = EXAMPLE.split('\n\n');
    expect(take(line)).toBe(line);
    expect(take(foreign + line + foreign)).toBe(line);
    expect(take(foreign)).toBe('');
    expect(take('')).toBe('');
    expect(take('nothing')).toBe('');
    expect(take(`x\n\n${line}`)).toBe('');
    expect(take(cosignText(nativeCrypto, TEXT.replace('7', '8'), WITNESS, 1))).toBe('');
    expect(take(line.repeat(1000))).toBe('');
  });

  test('whatever it answers, the note stays one that verifies', () => {
    const noise = fc.oneof(fc.string(), fc.constantFrom(line, '\n', '\n\n', NOTE, `${TEXT}\n`));
    fc.assert(
      fc.property(fc.array(noise, { maxLength: 6 }), (parts) => {
        const taken = take(parts.join(''));
        expect(['', line]).toContain(taken);
        expect(verifyNote(nativeCrypto, NOTE + taken, [logKey]).signers).toEqual([logKey]);
      }),
    );
  });
});

const EXAMPLE =
  'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
