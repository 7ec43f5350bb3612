/**
 * Verification of a bundle: records a second, against a bare SHA-256 of every input that it hashes on
 * the way. What is left is unpacking, parsing and comparing.
 */

import { hash } from 'node:crypto';

import { verifyBundle } from '@veritydb/bundle';
import type { Crypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';

import type { Benchmark } from '../benchmark.ts';
import { openClinic } from '../clinic.ts';

const RECORD_COUNT = 5000;
const REPETITIONS = 30;

export const bundleVerify: Benchmark = {
  name: 'bundle-verify',
  ours: 'verifyBundle, 5,000 source records',
  peer: 'bare SHA-256 of all that it hashes',
  unit: 'record',
  clock: 'cpu',
  goal: { of: 'ratio', floor: 0.5, stretch: 0.7 },
  async open(folder) {
    const { authenticate, database, issueToken } = await openClinic(folder, RECORD_COUNT);
    const { gateway } = database;
    const session = await authenticate(await issueToken());
    const { exportId } = await gateway.createExport(session, {
      sql: 'SELECT id, birthdate, gender, state, zip FROM patients',
      parameters: [],
      idempotencyId: '00112233445566778899aabbccddeeff',
    });
    const bundle = await gateway.readExport(session, exportId);
    const bytes = bundle.bytes.read(0, bundle.bytes.size);
    const verifierKey = gateway.logVerifierKey;
    const inputs: Uint8Array[] = [];
    const report = verifyBundle(listening(inputs), bytes, { verifierKey });
    if (!report.holds) throw new Error('the bundle does not hold');
    return {
      ours: {
        run() {
          for (let index = 0; index < REPETITIONS; index += 1) {
            verifyBundle(nativeCrypto, bytes, { verifierKey });
          }
          return REPETITIONS * RECORD_COUNT;
        },
      },
      peer: {
        run() {
          for (let index = 0; index < REPETITIONS; index += 1) {
            for (const input of inputs) hash('sha256', input, 'binary');
          }
          return REPETITIONS * RECORD_COUNT;
        },
      },
      close: () => {
        database.close();
      },
    };
  },
};

/** The provider, with a copy of every input that it is given to hash. */
function listening(inputs: Uint8Array[]): Crypto {
  return {
    ...nativeCrypto,
    sha256(bytes) {
      inputs.push(bytes.slice());
      return nativeCrypto.sha256(bytes);
    },
    sha256Into(source, start, end, target, at) {
      inputs.push(source.slice(start, end));
      nativeCrypto.sha256Into(source, start, end, target, at);
    },
    sha256Stream() {
      const stream = nativeCrypto.sha256Stream();
      return {
        update(bytes) {
          inputs.push(bytes.slice());
          stream.update(bytes);
        },
        digest: () => stream.digest(),
      };
    },
  };
}
