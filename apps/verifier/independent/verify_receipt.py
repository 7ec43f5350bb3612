#!/usr/bin/env python3
"""A second verifier of COSE receipts, written from RFC 9942, RFC 9052 and RFC 8949.

Python 3.9 or newer and the package `cryptography`, for Ed25519 alone. It reads any CBOR of definite
lengths, not only the one spelling that the project writes, and takes the key id for a hint.

    python3 verify_receipt.py RECEIPT --leaf HEX --key-file FILE

Exit codes: 0 the leaf is in the log, 1 it is not shown to be, 2 usage, 3 unreadable.
"""

import argparse
import sys

from cryptography.exceptions import InvalidSignature
from verify_bundle import Key, Refused, Unreadable, Usage, need, read, sha256


class Cbor:
    """RFC 8949 §3: all major types but floats, of definite lengths. A tag is a pair."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        need(count <= len(self.data) - self.at, "the bytes are cut short")
        self.at += count
        return self.data[self.at - count : self.at]

    def argument(self, short):
        need(short < 28, "a length that is indefinite or reserved")
        if short < 24:
            return short
        return int.from_bytes(self.take(1 << (short - 24)), "big")

    def item(self, depth=0):
        need(depth < 16, "it is too deep")
        lead = self.take(1)[0]
        major = lead >> 5
        if major == 7:
            need(lead & 31 in (20, 21, 22), "a simple value or a float")
            return {20: False, 21: True, 22: None}[lead & 31]
        number = self.argument(lead & 31)
        if major == 0:
            return number
        if major == 1:
            return -1 - number
        if major == 2:
            return self.take(number)
        if major == 3:
            return self.take(number).decode("utf-8", "replace")
        if major == 4:
            need(number <= len(self.data), "an array beyond the end")
            return [self.item(depth + 1) for _ in range(number)]
        if major == 6:
            return (number, self.item(depth + 1))
        need(number <= len(self.data), "a map beyond the end")
        found = {}
        for _ in range(number):
            label, value = self.item(depth + 1), self.item(depth + 1)
            need(isinstance(label, (int, str)) and label not in found, "a label of a map")
            found[label] = value
        return found


def decode(data):
    need(isinstance(data, bytes), "a byte string is lacking")
    reader = Cbor(data)
    found = reader.item()
    need(reader.at == len(data), "bytes after the end")
    return found


def byte_string(data):
    if len(data) < 24:
        return bytes([0x40 | len(data)]) + data
    if len(data) < 256:
        return b"\x58" + bytes([len(data)]) + data
    return b"\x59" + len(data).to_bytes(2, "big") + data


def root_of(leaf_hash, index, size, path):
    """RFC 9162 §2.1.3.2, by the two subtrees that a tree is made of (§2.1.1)."""
    if size == 1:
        need(not path, "the path is too long")
        return leaf_hash
    need(path, "the path is too short")
    half = 1 << ((size - 1).bit_length() - 1)
    if index < half:
        return sha256(b"\x01", root_of(leaf_hash, index, half, path[:-1]), path[-1])
    return sha256(b"\x01", path[-1], root_of(leaf_hash, index - half, size - half, path[:-1]))


def verify(receipt, leaf, key):
    """Size and index that the receipt proves the leaf at."""
    tagged = decode(receipt)
    need(isinstance(tagged, tuple) and tagged[0] == 18, "it is no COSE_Sign1")
    need(isinstance(tagged[1], list) and len(tagged[1]) == 4, "it is no COSE_Sign1")
    protected, unprotected, payload, signature = tagged[1]
    header = decode(protected)
    need(isinstance(header, dict) and header.get(1) == -8, "it is not signed by EdDSA")
    need(header.get(395) == 1, "it is not of RFC9162_SHA256")
    need(2 not in header, "it has critical parameters")
    need(payload is None, "its payload is not detached")
    need(isinstance(signature, bytes), "it has no signature")
    need(isinstance(unprotected, dict), "it has no unprotected header")
    proofs = unprotected.get(396)
    need(isinstance(proofs, dict) and isinstance(proofs.get(-1), list), "it has no inclusion proofs")
    need(len(proofs[-1]) == 1, "it has another number of proofs than one")
    proof = decode(proofs[-1][0])
    need(isinstance(proof, list) and len(proof) == 3, "its proof is malformed")
    size, index, path = proof
    need(isinstance(path, list) and path, "its path is malformed")
    need(all(isinstance(each, bytes) and len(each) == 32 for each in path), "its path is malformed")
    need(type(size) is int and type(index) is int and 0 <= index < size, "its index is malformed")
    root = root_of(sha256(b"\x00", leaf), index, size, path)
    signed = b"\x84\x6aSignature1" + byte_string(protected) + byte_string(b"") + byte_string(root)
    try:
        key.public.verify(signature, signed)
    except InvalidSignature as error:
        raise Refused("the key has not signed the root that leaf and receipt lead to") from error
    return size, index


def main(arguments):
    parser = argparse.ArgumentParser(description="Verifies a COSE receipt offline.")
    parser.add_argument("receipt")
    parser.add_argument("--leaf", required=True, help="the record's leaf, hexadecimal")
    parser.add_argument("--key-file", required=True, help="file with the verifier key of the log")
    given = parser.parse_args(arguments)
    try:
        key = Key(read(given.key_file, Usage).decode("utf-8", "replace").strip())
        receipt = read(given.receipt, Unreadable)
        leaf = bytes.fromhex(given.leaf)
    except (Usage, Unreadable, ValueError) as error:
        print(error, file=sys.stderr)
        return 3 if isinstance(error, Unreadable) else 2
    try:
        size, index = verify(receipt, leaf, key)
    except Refused as error:
        print("refused: %s" % error)
        return 1
    print("proved: the leaf is record %d of %d of %s" % (index, size, key.name))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
