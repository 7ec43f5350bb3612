/**
 * Watches whatever is sealed or hidden: no key ever does it to two plaintexts under one nonce, or at one
 * place (PROOFS, nonce rule). It outlives logs and tenants, so it sees what a cut and a recovery bring back.
 */

import type { Crypto, Position, RecordCipher } from '@veritydb/crypto';
import { bytesEqual, bytesToHex, concatBytes } from '@veritydb/types';

export class NonceWatch {
  readonly #digests = new Map<string, Uint8Array>();
  /** Seals as it is told, and throws where one key and nonce would seal two plaintexts. */
  readonly crypto: Crypto;

  constructor(crypto: Crypto) {
    this.crypto = {
      ...crypto,
      seal: (input, plaintext) => {
        const { associatedData, key, nonce } = input;
        const sealed = concatBytes(crypto.sha256(associatedData), plaintext);
        this.#note(`${bytesToHex(key)} ${bytesToHex(nonce)}`, crypto.sha256(sealed));
        return crypto.seal(input, plaintext);
      },
      recordCipher: (dataKey) => {
        const key = bytesToHex(dataKey);
        return this.#watched(crypto, key, crypto.recordCipher(dataKey));
      },
    };
  }

  /** Pairs of key and nonce that were seen. */
  get count(): number {
    return this.#digests.size;
  }

  #watched(crypto: Crypto, key: string, cipher: RecordCipher): RecordCipher {
    const note = (at: Position, what: string, plaintext: Uint8Array): void => {
      this.#note(`${key} ${at.generation} ${at.offset} ${what}`, crypto.sha256(plaintext));
    };
    return {
      salts: (at, row, digestCount) => cipher.salts(at, row, digestCount),
      hideRow(at, row, digestCount, values) {
        note(at, `row ${row}`, values);
        return cipher.hideRow(at, row, digestCount, values);
      },
      showRow: (at, row, hidden) => cipher.showRow(at, row, hidden),
      encrypt(generation, payloads, target) {
        for (const { offset, plaintext } of payloads) {
          note({ generation, offset }, 'payload', plaintext);
        }
        cipher.encrypt(generation, payloads, target);
      },
      authenticate: (...all) => cipher.authenticate(...all),
      open: (at, associatedData, sealed) => cipher.open(at, associatedData, sealed),
      clear: () => cipher.clear(),
    };
  }

  #note(pair: string, digest: Uint8Array): void {
    const earlier = this.#digests.get(pair);
    if (earlier !== undefined && !bytesEqual(earlier, digest)) {
      throw new Error('a key and nonce seal two plaintexts');
    }
    this.#digests.set(pair, digest);
  }
}
