/** What a checkpoint record says of tables and policies, as it says it: without their names. */

import type { Crypto } from '@veritydb/crypto';
import type { KernelState } from '@veritydb/kernel';
import { type HiddenRoot, hideName, hidePolicies } from '@veritydb/merkle';
import { type Hash, compareBytes } from '@veritydb/types';

import type { RowKeys } from './seal.ts';

/** Root of a table or an index, by its name. */
export interface NamedRoot {
  readonly name: string;
  readonly root: Hash;
}

const POLICIES = 'policies in force';

/** The name of a table or an index, hidden. */
export function hiddenName(crypto: Crypto, keys: RowKeys, name: string): Hash {
  return hideName(crypto, keys.salt(name), name);
}

export function hiddenRoots(
  crypto: Crypto,
  keys: RowKeys,
  roots: readonly NamedRoot[],
): readonly HiddenRoot[] {
  return roots
    .map(({ name, root }) => ({ name: hiddenName(crypto, keys, name), root }))
    .toSorted((a, b) => compareBytes(a.name, b.name));
}

export function hiddenPolicies(crypto: Crypto, keys: RowKeys, { policies }: KernelState): Hash {
  const sorted = [...policies.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  // No name of a table has a blank.
  return hidePolicies(crypto, keys.salt(POLICIES), sorted);
}
