/** A provider that keeps whatever it opens. */

import type { Crypto } from '@veritydb/crypto';
import { nativeCrypto } from '@veritydb/crypto/native';

/** Every plaintext that is ever opened, so that nothing needs to be believed. */
export function watchOpened(): { readonly crypto: Crypto; readonly opened: Uint8Array[] } {
  const opened: Uint8Array[] = [];
  const crypto: Crypto = {
    ...nativeCrypto,
    open: (input, sealed) => {
      const plaintext = nativeCrypto.open(input, sealed);
      opened.push(plaintext.slice());
      return plaintext;
    },
    recordCipher(dataKey) {
      const cipher = nativeCrypto.recordCipher(dataKey);
      const noted = (plaintext: Uint8Array): Uint8Array => {
        opened.push(plaintext.slice());
        return plaintext;
      };
      return {
        hideRow: (...all) => cipher.hideRow(...all),
        salts: (...all) => cipher.salts(...all),
        encrypt: (...all) => cipher.encrypt(...all),
        authenticate: (...all) => cipher.authenticate(...all),
        showRow: (at, row, hidden) => noted(cipher.showRow(at, row, hidden)),
        open: (at, associatedData, sealed) => noted(cipher.open(at, associatedData, sealed)),
        clear: () => cipher.clear(),
      };
    },
  };
  return { crypto, opened };
}
