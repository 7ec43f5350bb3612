/**
 * The slow obvious twin of the state trie: keys as texts of the characters 0 and 1, everything by
 * recursion as docs/formats/state.md says it, nothing shared with what is tested.
 */

import { portableCrypto } from '@veritydb/crypto';
import type { KeyRange, StateEntry, StateTrieReader } from '@veritydb/merkle';
import { type Hash, bytesToHex, hexToBytes, toHash } from '@veritydb/types';
import * as fc from 'fast-check';

export type TwinNode =
  | { readonly kind: 'empty' }
  /** In a forged proof: a subtree of which only the hash is told. */
  | { readonly kind: 'hash'; readonly hash: string }
  | { readonly kind: 'leaf'; readonly key: string; readonly commitment: string }
  | {
      readonly kind: 'inner';
      readonly prefix: string;
      readonly left: TwinNode;
      readonly right: TwinNode;
    };

export type TwinInner = Extract<TwinNode, { kind: 'inner' }>;

/** Hexadecimal as binary digits. */
function bitsOf(hex: string): string {
  return Array.from(hex, (digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join(
    '',
  );
}

/** Binary digits as hexadecimal, zero-padded to bytes. */
function hexOf(bits: string): string {
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0');
  return (padded.match(/.{4}/g) ?? [])
    .map((four) => Number.parseInt(four, 2).toString(16))
    .join('');
}

const u16 = (number: number): string => number.toString(16).padStart(4, '0');

const sha256 = (hex: string): string => bytesToHex(portableCrypto.sha256(hexToBytes(hex)));

/** The trie of keys and commitments in hexadecimal. */
export function twinOf(entries: readonly (readonly [string, string])[]): TwinNode {
  if (entries.length === 0) return { kind: 'empty' };
  const [[key, commitment]] = entries as [readonly [string, string]];
  if (entries.length === 1) return { kind: 'leaf', key, commitment };
  const all = entries.map(([each]) => bitsOf(each));
  let prefix = '';
  while (all.every((bits) => bits.startsWith(bitsOf(key).slice(0, prefix.length + 1)))) {
    prefix = bitsOf(key).slice(0, prefix.length + 1);
  }
  const side = (digit: string): TwinNode =>
    twinOf(entries.filter((_, index) => (all[index] as string)[prefix.length] === digit));
  return { kind: 'inner', prefix, left: side('0'), right: side('1') };
}

export function twinHash(node: TwinNode): string {
  if (node.kind === 'empty') return sha256('');
  if (node.kind === 'hash') return node.hash;
  if (node.kind === 'leaf') {
    return sha256(`00${u16(node.key.length / 2)}${node.key}${node.commitment}`);
  }
  const { prefix, left, right } = node;
  return sha256(`01${u16(prefix.length)}${hexOf(prefix)}${twinHash(left)}${twinHash(right)}`);
}

/** No bound is longer: a key of ones that is longer is above them all. */
const ABOVE = '1'.repeat(8 * 1026);

function isExcluded(position: string, { from, to }: KeyRange): boolean {
  const least = bitsOf(hexOf(position));
  return (
    (from !== undefined && position + ABOVE < bitsOf(bytesToHex(from))) ||
    (to !== undefined && least >= bitsOf(bytesToHex(to)))
  );
}

/** The proof of a range, or of what a forger made of a trie. */
export function twinProof(node: TwinNode, range: KeyRange): Uint8Array {
  return hexToBytes(`01${nodeOf(node, '', range)}`);
}

function nodeOf(node: TwinNode, position: string, range: KeyRange): string {
  if (node.kind === 'empty') return '';
  if (node.kind === 'hash' || isExcluded(position, range)) return twinHash(node);
  const known = 2 * Math.floor(position.length / 8);
  if (node.kind === 'leaf') {
    return u16(node.key.length / 2) + node.key.slice(known) + node.commitment;
  }
  const { prefix, left, right } = node;
  const head = u16(0x8000 + prefix.length) + hexOf(prefix).slice(known);
  return head + nodeOf(left, `${prefix}0`, range) + nodeOf(right, `${prefix}1`, range);
}

/** What buildRangeProof reads. */
export function readerOf(root: TwinNode): StateTrieReader {
  const nodes: TwinNode[] = [];
  const numberOf = (node: TwinNode): number => nodes.push(node) - 1;
  const inner = (node: number): TwinInner => nodes[node] as TwinInner;
  const leaf = (node: number) => nodes[node] as Extract<TwinNode, { kind: 'leaf' }>;
  return {
    root: root.kind === 'empty' ? undefined : numberOf(root),
    isLeaf: (node) => nodes[node]?.kind === 'leaf',
    prefixBits: (node) => inner(node).prefix.length,
    left: (node) => numberOf(inner(node).left),
    right: (node) => numberOf(inner(node).right),
    key: (node) => hexToBytes(leaf(node).key),
    commitment: (node) => hexToBytes(leaf(node).commitment),
    hash: (node) => hexToBytes(twinHash(nodes[node] as TwinNode)),
  };
}

export const commitmentOf = (seed: string): string => sha256(bytesToHex(Buffer.from(seed)));

export const toEntry = ([key, commitment]: readonly [string, string]): StateEntry => ({
  key: hexToBytes(key),
  commitment: toHash(hexToBytes(commitment)),
});

export const rootOf = (node: TwinNode): Hash => toHash(hexToBytes(twinHash(node)));

/** Keys none of which is a prefix of another: of one size, or ended by 00 00 as the store's texts are. */
const arbitraryKey = (size: number): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom('00', '01', '02', '7f', '80', 'fe', 'ff'), {
      minLength: size,
      maxLength: size,
    })
    .map((bytes) => bytes.join(''));
const arbitraryText: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('00ff', '01', '61', '62', 'ff'), { maxLength: 4 })
  .map((bytes) => `01${bytes.join('')}0000`);

/** Entries in order of their keys. */
export const arbitraryEntries: fc.Arbitrary<readonly (readonly [string, string])[]> = fc
  .oneof(
    fc.array(arbitraryKey(1), { maxLength: 7 }),
    fc.array(arbitraryKey(3), { maxLength: 24 }),
    fc.array(arbitraryText, { maxLength: 24 }),
  )
  .map((keys) => [...new Set(keys)].toSorted().map((key) => [key, commitmentOf(key)] as const));

function toRange(from: string | undefined, to: string | undefined): KeyRange {
  return {
    ...(from === undefined ? {} : { from: hexToBytes(from) }),
    ...(to === undefined ? {} : { to: hexToBytes(to) }),
  };
}

/** Ranges whose bounds are keys, what stands beside keys, and bytes that begin some. */
export function arbitraryRange(
  entries: readonly (readonly [string, string])[],
): fc.Arbitrary<KeyRange> {
  const keys = entries.map(([key]) => key);
  const bound = fc.oneof(
    fc.constantFrom('01', '0100', '80', 'ff', ...keys),
    fc.constantFrom('00', ...keys.map((key) => `${key}00`)),
    fc.constantFrom('7f', ...keys.map((key) => key.slice(0, 2))),
    fc.constantFrom('0101', ...keys.map((key) => key.slice(0, -2) || '02')),
  );
  return fc
    .tuple(fc.option(bound, { nil: undefined }), fc.option(bound, { nil: undefined }))
    .map(([a, b]) => (a !== undefined && b !== undefined && a > b ? [b, a] : [a, b]))
    .filter(([from, to]) => from === undefined || from !== to)
    .map(([from, to]) => toRange(from, to));
}

/** The entries of a range, as a list is filtered. */
export function within(
  entries: readonly (readonly [string, string])[],
  { from, to }: KeyRange,
): readonly (readonly [string, string])[] {
  return entries.filter(
    ([key]) =>
      (from === undefined || key >= bytesToHex(from)) && (to === undefined || key < bytesToHex(to)),
  );
}
