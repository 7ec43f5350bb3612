#!/usr/bin/env python3
"""A second verifier of export bundles, written from docs/formats/bundle.md alone.

Python 3.9 or newer and the package `cryptography`, for Ed25519 alone. It shares no code with the verifier
of the project, and must come to the same verdicts. It reads a bundle into memory, and leaves witnesses and
time stamps to other tools.

    python3 verify_bundle.py BUNDLE --key-file FILE [--held-checkpoint FILE] [--json]

Exit codes: 0 all that is claimed holds, 1 something failed, 2 usage, 3 unreadable.
"""

import argparse
import base64
import binascii
import datetime
import hashlib
import itertools
import json
import re
import struct
import sys
import uuid
import zlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Refused(Exception):
    """What is wrong, for people."""


class Unreadable(Exception):
    """There is nothing to check."""


class Usage(Exception):
    """Not a key, or not a file."""


def need(condition, what):
    if not condition:
        raise Refused(what)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# Text and JSON: RFC 8785 in its one spelling.


def utf8(data):
    try:
        return data.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise Refused("it is not UTF-8") from error


def unbase64(text):
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise Refused("it is not base64") from error
    need(base64.b64encode(data).decode() == text, "base64 in another spelling")
    return data


def es_number(number):
    """A number as ECMAScript writes it (RFC 8785 §3.2.2.3)."""
    if isinstance(number, int):
        if abs(number) < 10**21:
            number = float(number) if abs(number) >= 2**53 else number
        if isinstance(number, int):
            return str(number)
    if number == 0:
        return "0"
    sign, digits, exponent = re.fullmatch(
        r"(-?)(\d(?:\.\d+)?)e([+-]\d+)", "%s" % format_shortest(number)
    ).groups()
    digits = digits.replace(".", "").rstrip("0") or "0"
    point = int(exponent) + 1
    count = len(digits)
    if count <= point <= 21:
        text = digits + "0" * (point - count)
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        power = point - 1
        text = digits[0] + ("." + digits[1:] if count > 1 else "")
        text += "e" + ("+" if power > 0 else "-") + str(abs(power))
    return sign + text


def format_shortest(number):
    """The shortest digits that lead to this double, with an exponent."""
    for precision in range(17):
        text = "%.*e" % (precision, number)
        if float(text) == number:
            return text
    return "%.17e" % number


def canonical(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return es_number(value)
    if isinstance(value, str):
        value.encode("utf-8")
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
    return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"


def no_twins(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def no_constant(_name):
    raise ValueError("not a number of JSON")


def parse_jcs(text):
    try:
        value = json.loads(text, object_pairs_hook=no_twins, parse_constant=no_constant)
        same = canonical(value) == text
    except (ValueError, RecursionError, UnicodeError, OverflowError) as error:
        raise Refused("it is not JSON, or not canonical") from error
    need(same, "it is not canonical JSON")
    return value


def is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


# §2 The zip.

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


def read_zip(data):
    """Entries by name, each with its bytes and whether its checksum is wrong."""
    try:
        need(len(data) < 2**31, "it is too large")
        need(len(data) >= 22, "it is cut short")
        end = len(data) - 22
        signature, disk, first_disk, count, total, size, start, comment = struct.unpack(
            "<IHHHHIIH", data[end:]
        )
        need(signature == 0x06054B50 and (disk, first_disk, comment) == (0, 0, 0), "its end record")
        need(count == total and count <= 128 and start + size == end, "its end record")
        entries, at, local, before = {}, start, 0, b""
        for _ in range(count):
            need(at + 46 <= end, "its directory is cut short")
            crc, length = struct.unpack("<II", data[at + 16 : at + 24])
            name_size = struct.unpack("<H", data[at + 28 : at + 30])[0]
            name = data[at + 46 : at + 46 + name_size]
            shared = struct.pack("<HHHHHIIIHH", 20, 0x800, 0, 0, 0x21, crc, length, length, name_size, 0)
            central = b"PK\x01\x02" + struct.pack("<H", 20) + shared
            central += struct.pack("<HHHII", 0, 0, 0, 0, local)
            need(data[at : at + 46] == central, "a central header is of another form")
            need(at + 46 + name_size <= end and name_size <= 255, "a name is cut short")
            need(NAME.fullmatch(name.decode("latin-1")), "a name that no bundle has")
            need(name > before and length <= 2**30, "names out of order, or an entry too large")
            body = local + 30 + name_size
            need(body + length <= start, "an entry overlaps the directory")
            need(data[local:body] == b"PK\x03\x04" + shared + name, "a local header is of another form")
            content = data[body : body + length]
            entries[name.decode()] = (content, zlib.crc32(content) != crc)
            at, local, before = at + 46 + name_size, body + length, name
        need(at == end and local == start, "bytes that are of no entry")
        return entries
    except (Refused, struct.error) as error:
        raise Unreadable("the zip is refused: %s" % error) from error


# §3 Values: from their JSON into canonical bytes.


def head(major, number):
    for width, code, limit in ((0, 0, 24), (1, 24, 2**8), (2, 25, 2**16), (4, 26, 2**32), (8, 27, 2**64)):
        if number < limit:
            if width == 0:
                return bytes([major << 5 | number])
            return bytes([major << 5 | code]) + number.to_bytes(width, "big")
    raise Refused("a number is too large")


def cbor(value):
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        data = value.encode("utf-8")
        return head(3, len(data)) + data
    return head(4, len(value)) + b"".join(cbor(item) for item in value)


EPOCH = datetime.date(1970, 1, 1)


def days_of(text):
    need(re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text), "it is no date")
    try:
        return (datetime.date.fromisoformat(text) - EPOCH).days
    except ValueError as error:
        raise Refused("it is no date") from error


def microseconds_of(text):
    found = re.fullmatch(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{6}))?Z", text
    )
    need(found, "it is no timestamp")
    day, hour, minute, second, fraction = found.groups()
    need(int(hour) < 24 and int(minute) < 60 and int(second) < 60, "it is no timestamp")
    need(fraction is None or int(fraction) != 0, "a fraction of nothing")
    seconds = (days_of(day) * 24 + int(hour)) * 3600 + int(minute) * 60 + int(second)
    return seconds * 10**6 + int(fraction or 0)


def to_value(kind, value):
    """What is encoded of a value, from its JSON; refused where it is not of the type."""
    if value is None:
        return None
    if kind == "boolean":
        need(isinstance(value, bool), "it is no boolean")
        return value
    need(not isinstance(value, bool), "it is a boolean")
    if kind == "integer":
        need(isinstance(value, int) and -(2**31) <= value < 2**31, "it is no integer of 32 bits")
        return value
    if kind == "bigint":
        if isinstance(value, str):
            need(re.fullmatch(r"-?[1-9][0-9]*", value), "it is no integer")
            number = int(value)
            need(abs(number) >= 2**53, "a small integer as text")
        else:
            need(isinstance(value, int) and abs(value) < 2**53, "it is no integer")
            number = value
        need(-(2**63) <= number < 2**63, "it has more than 64 bits")
        return number
    need(isinstance(value, str), "it is no text")
    if kind == "text":
        return value
    if kind == "decimal":
        need(re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]{1,38})?", value), "it is no decimal")
        digits = re.sub(r"[-.]", "", value).lstrip("0")
        need(len(digits) <= 38 and (digits or value[0] != "-"), "it is no decimal")
        return ["decimal", value]
    if kind == "date":
        return ["date", days_of(value)]
    if kind == "timestamp":
        return ["timestamp", microseconds_of(value)]
    if kind == "uuid":
        need(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value), "it is no uuid")
        return ["uuid", uuid.UUID(value).bytes]
    if kind == "bytes":
        return unbase64(value)
    if kind == "json":
        parse_jcs(value)
        return ["json", value]
    raise Refused("it is of no type that there is")


TYPES = "integer bigint decimal text boolean date timestamp uuid bytes json".split()

# §4 Commitments, leaves, trees.


def field_digest(salt, column, level, kind, value):
    return sha256(b"vdb.fld1", cbor([salt, column, level, kind, value]))


def row_commitment(table, schema, offset, event, digests):
    return sha256(b"vdb.row1", cbor([table, schema, offset, event, len(digests)]), *digests)


def node(left, right):
    return sha256(b"\x01", left, right)


class Leaf:
    def __init__(self, data):
        need(len(data) == 168, "a leaf is not 168 bytes")
        version, self.kind = struct.unpack("<HB", data[:3])
        self.tenant, self.offset, self.time = struct.unpack("<QQQ", data[8:32])
        self.rows = struct.unpack("<I", data[48:52])[0]
        self.root = data[104:136]
        self.hash = sha256(b"\x00", data)
        need(version == 1 and 1 <= self.kind <= 4, "a leaf is no header")
        need(self.offset < 2**53 and self.tenant < 2**53, "a leaf holds too large a number")


def split(count):
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def tree_root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    half = split(len(leaves))
    return node(tree_root(leaves[:half]), tree_root(leaves[half:]))


def batch_root(size, leaves, proof):
    """The root of the tree of `size` leaves, of which some are given by index, in order."""
    indexes = [index for index, _ in leaves]
    need(size > 0 and leaves, "there is no tree")
    need(all(a < b for a, b in zip(indexes, indexes[1:])) and indexes[-1] < size, "indexes are wrong")
    hashes, given = list(proof)[::-1], leaves[::-1]

    def walk(start, count):
        if not given or given[-1][0] >= start + count:
            need(hashes, "the proof is too short")
            return hashes.pop()
        if count == 1:
            return given.pop()[1]
        half = split(count)
        left = walk(start, half)
        return node(left, walk(start + half, count - half))

    root = walk(0, size)
    need(not hashes and not given, "the proof is too long")
    return root


def inclusion_root(index, size, leaf, proof):
    """RFC 9162 §2.1.3.2."""
    need(index < size, "the index is beyond the tree")
    fn, sn, root = index, size - 1, leaf
    for item in proof:
        need(sn != 0, "the proof is too long")
        if fn & 1 or fn == sn:
            root = node(item, root)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node(root, item)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0, "the proof is too short")
    return root


def check_consistency(old_size, new_size, old_root, new_root, proof):
    """RFC 9162 §2.1.4.2."""
    need(0 < old_size < new_size, "sizes are wrong")
    fn, sn = old_size - 1, new_size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    path = ([old_root] if fn == 0 else []) + proof
    need(path, "the proof is empty")
    fr = sr = path[0]
    for item in path[1:]:
        need(sn != 0, "the proof is too long")
        if fn & 1 or fn == sn:
            fr, sr = node(item, fr), node(item, sr)
            while not fn & 1 and fn != 0:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, item)
        fn, sn = fn >> 1, sn >> 1
    need(sn == 0 and fr == old_root and sr == new_root, "it leads to another root")


# C2SP: signed notes, checkpoints, single proofs.


class Key:
    def __init__(self, text):
        try:
            found = re.fullmatch(r"([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", text)
            need(found, "it is of another form")
            self.name, data = found.group(1), unbase64(found.group(3))
            need(len(data) == 33 and data[0] == 1, "it is no Ed25519 key of a log")
            self.id = sha256(self.name.encode() + b"\n", data)[:4]
            need(self.id.hex() == found.group(2), "its id is wrong")
            self.public = Ed25519PublicKey.from_public_bytes(data[1:])
        except (Refused, ValueError) as error:
            raise Usage("the verifier key is malformed: %s" % error) from error


class Note:
    def __init__(self, data):
        self.data, text = data, utf8(data)
        need(len(text) <= 10**6, "the note is too long")
        need(not re.search(r"[\x00-\x09\x0b-\x1f]", text), "the note has control characters")
        cut = text.rfind("\n\n")
        need(cut >= 0 and text.endswith("\n"), "the note has no signatures")
        self.text, self.signatures = text[: cut + 1], []
        for line in text[cut + 2 : -1].split("\n"):
            found = re.fullmatch(r"— ([^ +]+) ([A-Za-z0-9+/=]+)", line)
            need(found, "a signature is malformed")
            signature = unbase64(found.group(2))
            need(len(signature) >= 5, "a signature is too short")
            self.signatures.append((found.group(1), signature[:4], signature[4:]))
        lines = self.text.split("\n")
        need(len(lines) == 4 and lines[0] and lines[3] == "", "it is no checkpoint of three lines")
        need(re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1]), "its size is no number")
        self.origin, self.size, self.root = lines[0], int(lines[1]), unbase64(lines[2])
        need(len(self.root) == 32 and self.size < 2**53, "its root or size is malformed")

    def verify(self, key):
        signed = False
        for name, key_id, signature in self.signatures:
            if (name, key_id) != (key.name, key.id):
                continue
            try:
                key.public.verify(signature, self.text.encode())
            except InvalidSignature as error:
                raise Refused("the signature of the log is wrong") from error
            signed = True
        need(signed, "the key has not signed")
        need(self.origin == key.name, "the origin is not the name of the key")


# §5 The manifest.


def plain(value):
    return (
        isinstance(value, str)
        and 0 < len(value.encode("utf-16-le")) // 2 <= 1000
        and not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", value)
    )


def hexed(value):
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def members(value, names, what):
    need(isinstance(value, dict) and sorted(value) == sorted(names.split()), what + ": its members")


def listed(value, most, what):
    need(isinstance(value, list) and len(value) <= most, what + ": its length")
    return value


def parse_manifest(data):
    manifest = parse_jcs(utf8(data))
    members(
        manifest,
        "format origin tenant exportId recipient purpose tokenId legalBasis statement policy position "
        "heldTreeSize files tables notProved consent",
        "manifest",
    )
    need(manifest["format"] == "veritydb.dev/bundle/v1", "another format")
    for name in ("origin", "exportId", "recipient", "purpose", "tokenId"):
        need(plain(manifest[name]), name)
    need(manifest["legalBasis"] is None or plain(manifest["legalBasis"]), "legalBasis")
    need(is_count(manifest["tenant"]) and manifest["tenant"] >= 1, "tenant")
    need(hexed(manifest["statement"]) and is_count(manifest["position"]), "statement, position")
    held = manifest["heldTreeSize"]
    need(held is None or (is_count(held) and held >= 1), "heldTreeSize")
    members(manifest["policy"], "name sha256 version", "policy")
    need(plain(manifest["policy"]["name"]) and hexed(manifest["policy"]["sha256"]), "policy")
    need(is_count(manifest["policy"]["version"]), "policy")
    if manifest["consent"] is not None:
        members(manifest["consent"], "permits root", "consent")
        need(is_count(manifest["consent"]["permits"]) and hexed(manifest["consent"]["root"]), "consent")
    need(all(plain(line) for line in listed(manifest["notProved"], 100, "notProved")), "notProved")
    tables = listed(manifest["tables"], 12, "tables")
    need(tables, "there is no table")
    for table in tables:
        parse_table(table)
    names = [table["name"] for table in tables]
    need(names == sorted(set(names)), "tables out of order")
    files = listed(manifest["files"], 100, "files")
    for file in files:
        members(file, "name sha256 size", "a file")
        need(plain(file["name"]) and hexed(file["sha256"]) and is_count(file["size"]), "a file")
    found = [file["name"] for file in files]
    need(found == listed_names(tables, found), "files")
    need(("consent.ndjson" in found) == (manifest["consent"] is not None), "consent and files")
    return manifest


def listed_names(tables, found):
    names = ["README.txt", "policy.yaml"]
    if "consent.ndjson" in found:
        names.append("consent.ndjson")
    for table in tables:
        if "release/%s.json" % table["name"] in found:
            names.append("release/%s.json" % table["name"])
        names += ["data/%s.ndjson" % table["name"], "disclosures/%s.bin" % table["name"]]
        if table["csv"]:
            names += ["data/%s.csv" % table["name"], "data/%s.csv-metadata.json" % table["name"]]
        names += [name for name in ["data/%s.parquet" % table["name"]] if name in found]
    return sorted(names)


def parse_table(table):
    members(table, "name rows truncated csv completeness columns schemas", "a table")
    need(isinstance(table["name"], str) and re.fullmatch("[a-z_][a-z0-9_]{0,62}", table["name"]), "name")
    need(is_count(table["rows"]) and isinstance(table["truncated"], bool), "rows, truncated")
    need(isinstance(table["csv"], bool) and table["completeness"] is None, "csv, completeness")
    columns = listed(table["columns"], 256, "columns")
    need(columns and len({str(column.get("name")) for column in columns}) == len(columns), "columns")
    for column in columns:
        members(column, "attested digest name proof transform type", "a column")
        need(plain(column["name"]) and plain(column["transform"]) and column["type"] in TYPES, "a column")
        need(is_count(column["attested"]) and column["attested"] <= table["rows"], "attested")
        if column["proof"] == "public":
            need(is_count(column["digest"]), "a public column without a digest")
        else:
            need(column["proof"] == "auditor" and column["digest"] is None, "a column's proof")
            need(column["attested"] == table["rows"], "an auditor's column that is proved")
    parse_schemas(table, columns)


def shown_digests(table, schema):
    """For each column the index of its digest in rows of a schema."""
    return schema.get("digests") or [column["digest"] for column in table["columns"]]


def parse_schemas(table, columns):
    schemas = listed(table["schemas"], 256, "schemas")
    need((not schemas) == (table["rows"] == 0), "schemas do not fit the rows")
    for schema in schemas:
        members(schema, "digest digests layout" if "digests" in schema else "digest layout", "a schema")
        need(hexed(schema["digest"]), "a schema's digest")
        need(listed(schema["layout"], 1024, "layout"), "a layout of nothing")
        for index, item in enumerate(schema["layout"]):
            if item is None:
                continue
            members(item, "column level type", "an item")
            need(plain(item["column"]) and is_count(item["level"]) and item["type"] in TYPES, "an item")
        if "digests" in schema:
            digests = listed(schema["digests"], 256, "digests")
            need(len(digests) == len(columns), "digests do not fit the columns")
            for place, column in zip(digests, columns):
                need(
                    place is None
                    or (is_count(place) and place < len(schema["layout"]) and column["digest"] is not None),
                    "digests do not fit the layout",
                )
            need(digests != [column["digest"] for column in columns], "digests that say nothing")
        shown = shown_digests(table, schema)
        for index, item in enumerate(schema["layout"]):
            need(item is None or index in shown, "an item that no column shows")
    places = {}
    for number, column in enumerate(columns):
        own, source = [shown_digests(table, schema)[number] for schema in schemas], None
        for place, schema in zip(own, schemas):
            layout = schema["layout"]
            item = layout[place] if place is not None and place < len(layout) else None
            if item is None:
                continue
            source = source or item
            need(item == source, "schemas disagree")
            need(item["type"] == column["type"], "a column's type")
        if source is not None:
            need(places.setdefault((source["level"], source["column"]), own) == own, "a level has two indexes")
    need(len({schema["digest"] for schema in schemas}) == len(schemas), "a schema stands twice")


# §6 Verification.

CHECKS = "signature|export record|integrity|inclusion|rows|policy|consistency|completeness|witnesses|time|consent"
HANGS_ON = {
    "export record": ["signature"],
    "inclusion": ["signature"],
    "policy": ["signature", "export record"],
    "consistency": ["signature"],
    "integrity": ["export record"],
    "rows": ["integrity", "inclusion"],
    "witnesses": ["signature"],
    "consent": ["integrity"],
    "time": ["signature", "export record"],
}
DOCUMENT_SIZE_MAX = 2**24


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


class Int(tuple):
    """A number in Thrift: its type, 5 for i32 and 6 for i64, and itself."""


def thrift(value):
    """The compact protocol: a dict is a struct of fields by ids, a list is (type, items)."""
    if isinstance(value, dict):
        out, last = b"", 0
        for number, field in value.items():
            kind = 1 if field is True else 12 if isinstance(field, dict) else 8 if isinstance(field, str) else 9
            kind = field[0] if isinstance(field, Int) else kind
            out += bytes([(number - last) << 4 | kind]) + thrift(field)
            last = number
        return out + b"\0"
    if value is True:
        return b""
    if isinstance(value, Int):
        return varint(value[1] * 2)
    if isinstance(value, str):
        return varint(len(value.encode())) + value.encode()
    kind, items = value
    size = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + varint(len(items))
    return size + b"".join(thrift(item) for item in items)


def i32(number):
    return Int((5, number))


def i64(number):
    return Int((6, number))


STRING = {6: i32(0), 10: {1: {}}}
PARQUET_TYPES = {
    "integer": (1, {}),
    "bigint": (2, {}),
    "decimal": (6, STRING),
    "text": (6, STRING),
    "boolean": (0, {}),
    "date": (1, {6: i32(6), 10: {6: {}}}),
    "timestamp": (2, {6: i32(10), 10: {8: {1: True, 2: {2: {}}}}}),
    "uuid": (7, {10: {14: {}}}),
    "bytes": (6, {}),
    "json": (6, {6: i32(19), 10: {12: {}}}),
}


def parquet_plain(kind, values):
    if kind == "boolean":
        bits = sum(1 << place for place, value in enumerate(values) if value)
        return bits.to_bytes((len(values) + 7) // 8, "little")
    if kind in ("integer", "date"):
        numbers = [days_of(value) if kind == "date" else value for value in values]
        return struct.pack("<%di" % len(values), *numbers)
    if kind in ("bigint", "timestamp"):
        numbers = [microseconds_of(value) if kind == "timestamp" else int(value) for value in values]
        return struct.pack("<%dq" % len(values), *numbers)
    if kind == "uuid":
        return b"".join(bytes.fromhex(value.replace("-", "")) for value in values)
    texts = [unbase64(value) if kind == "bytes" else value.encode() for value in values]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def parquet_page(kind, values):
    levels = b""
    for present, run in itertools.groupby(value is not None for value in values):
        levels += varint(sum(1 for _ in run) * 2) + bytes([present])
    data = struct.pack("<I", len(levels)) + levels + parquet_plain(kind, [v for v in values if v is not None])
    page = {1: i32(len(values)), 2: i32(0), 3: i32(3), 4: i32(3)}
    return thrift({1: i32(0), 2: i32(len(data)), 3: i32(len(data)), 5: page}) + data


def parquet_of(columns, rows):
    """The one file that the rows make."""
    rows = list(rows)
    out, groups = b"PAR1", []
    for first in range(0, len(rows), 10000):
        part, start, chunks = rows[first : first + 10000], len(out), []
        for place, column in enumerate(columns):
            try:
                page = parquet_page(column["type"], [row[place] for row in part])
            except (ValueError, TypeError, AttributeError, struct.error) as error:
                raise Refused("a line of data is none") from error
            size = i64(len(page))
            chunks.append({2: i64(len(out)), 3: {
                1: i32(PARQUET_TYPES[column["type"]][0]), 2: (5, [i32(0), i32(3)]), 3: (8, [column["name"]]),
                4: i32(0), 5: i64(len(part)), 6: size, 7: size, 9: i64(len(out)),
            }})  # fmt: skip
            out += page
        groups.append({1: (12, chunks), 2: i64(len(out) - start), 3: i64(len(part))})
    schema = [{4: "schema", 5: i32(len(columns))}]
    for column in columns:
        kind, meaning = PARQUET_TYPES[column["type"]]
        schema.append({1: i32(kind), **({2: i32(16)} if kind == 7 else {}), 3: i32(1), 4: column["name"], **meaning})
    footer = thrift({1: i32(2), 2: (12, schema), 3: i64(len(rows)), 4: (12, groups), 6: "veritydb.dev/bundle/v1"})
    return out + footer + struct.pack("<I", len(footer)) + b"PAR1"


class Bundle:
    def __init__(self, data, key, held):
        self.key, self.held, self.failures = key, held, {}
        self.entries = read_zip(data)
        try:
            for name in ("manifest.json", "checkpoint"):
                need(name in self.entries, name + " is missing")
                need(not self.entries[name][1], name + " is damaged")
            self.signed = False
            self.manifest = parse_manifest(self.document("manifest.json"))
            self.note = Note(self.document("checkpoint"))
        except (Refused, UnicodeError) as error:
            raise Unreadable(str(error)) from error

    def file(self, name):
        need(name in self.entries, name + " is missing")
        return self.entries[name][0]

    def document(self, name):
        need(len(self.file(name)) <= DOCUMENT_SIZE_MAX, name + " is too large")
        return self.file(name)

    def fail(self, check, what):
        self.failures.setdefault(check, []).append(what)

    def run(self):
        """Verdicts by check."""
        self.export_leaf, self.proved, self.records = None, 0, None
        steps = {
            "signature": self.check_signature,
            "export record": self.check_export_record,
            "integrity": self.check_integrity,
            "inclusion": self.check_inclusion,
            "rows": self.check_rows,
            "policy": self.check_policy,
            "consistency": self.check_consistency,
            "consent": self.check_consent,
            "time": lambda: "attested" if self.export_leaf else "not-claimed",
        }
        verdicts = {}
        for check in CHECKS.split("|"):
            verdict = "not-claimed"
            try:
                verdict = steps[check]() if check in steps else verdict
            except (Refused, UnicodeError) as error:
                self.fail(check, str(error))
            verdicts[check] = "failed" if check in self.failures else verdict

        def lost(check):
            return any(verdicts[base] == "failed" or lost(base) for base in HANGS_ON.get(check, []))

        final = {}
        for check, verdict in verdicts.items():
            held = verdict in ("proved", "attested")
            final[check] = "not-claimed" if held and lost(check) else verdict
        return final

    def check_signature(self):
        need(self.key, "no key was given")
        self.note.verify(self.key)
        need(self.note.origin == self.manifest["origin"], "the manifest names another log")
        self.signed = True
        return "proved"

    def check_statement(self, data):
        manifest = self.manifest
        named = "exportId legalBasis origin policy position purpose recipient tenant"
        subjects = [("manifest.json", sha256(self.document("manifest.json")).hex())]
        subjects += [(file["name"], file["sha256"]) for file in manifest["files"]]
        payload = canonical({
            "_type": "https://in-toto.io/Statement/v1",
            "predicate": {name: manifest[name] for name in named.split()},
            "predicateType": "https://veritydb.dev/bundle/v1",
            "subject": [{"digest": {"sha256": digest}, "name": name} for name, digest in subjects],
        }).encode()  # fmt: skip
        try:
            signature = json.loads(utf8(data))["signatures"][0]["sig"]
            need(isinstance(signature, str), "an envelope")
        except (ValueError, LookupError, TypeError) as error:
            raise Refused("it is no envelope") from error
        kind = "application/vnd.in-toto+json"
        keyid = "%s+%s" % (self.key.name, self.key.id.hex())
        envelope = {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": kind,
            "signatures": [{"keyid": keyid, "sig": signature}],
        }
        need(canonical(envelope).encode() == data, "the statement is of another manifest")
        message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
        try:
            self.key.public.verify(unbase64(signature), message)
        except InvalidSignature as error:
            raise Refused("the statement is not signed by the key") from error

    def open_record(self, name, table):
        """The leaf and the values of a row of a reserved table, proven to be in the log."""
        opened = parse_jcs(utf8(self.document("proofs/%s.json" % name)))
        members(opened, "event fields leaf row rowProof schemaDigest table", "an opening")
        need(opened["event"] in ("insert", "update") and hexed(opened["schemaDigest"]), "an opening")
        need(opened["table"] == table and is_count(opened["row"]), "the row is of another table")
        need(isinstance(opened["leaf"], str), "the leaf is no text")
        leaf = Leaf(unbase64(opened["leaf"]))
        need(leaf.kind == 1 and leaf.tenant == self.manifest["tenant"], "not data of this tenant")
        digests, values = [], {}
        for field in listed(opened["fields"], 1024, "fields"):
            members(field, "column level salt type value", "a field")
            need(isinstance(field["column"], str) and is_count(field["level"]), "a field")
            need(isinstance(field["salt"], str) and field["type"] in TYPES, "a field")
            salt, value = unbase64(field["salt"]), to_value(field["type"], field["value"])
            need(len(salt) == 16, "a salt is not 16 bytes")
            digests.append(field_digest(salt, field["column"], field["level"], field["type"], value))
            if field["level"] == 0:
                values[field["column"]] = value
        schema = bytes.fromhex(opened["schemaDigest"])
        commitment = row_commitment(table, schema, leaf.offset, opened["event"], digests)
        proof = [self.hash(item) for item in listed(opened["rowProof"], 64, "rowProof")]
        root = batch_root(leaf.rows, [(opened["row"], commitment)], proof)
        need(root == leaf.root, "the record committed to another row")
        self.path = self.check_tlog_proof(name, leaf)
        return leaf, values

    def hash(self, text):
        need(isinstance(text, str), "a hash is no text")
        data = unbase64(text)
        need(len(data) == 32, "a hash is not 32 bytes")
        return data

    def check_tlog_proof(self, name, leaf):
        text = utf8(self.document("proofs/%s.tlog-proof" % name))
        start, checkpoint = "c2sp.org/tlog-proof@v1\nindex %d\n" % leaf.offset, utf8(self.note.data)
        need(text.startswith(start) and text.endswith("\n" + checkpoint), "it is another proof")
        middle = text[len(start) : len(text) - len(checkpoint) - 1]
        need(middle == "" or middle.endswith("\n"), "it is another proof")
        proof = [self.hash(line) for line in middle.split("\n")[:-1]]
        root = inclusion_root(leaf.offset, self.note.size, leaf.hash, proof)
        need(root == self.note.root, "the record is not in the log")
        return proof

    def check_receipt(self, data, leaf):
        """RFC 9942. What stands in it is known but for the signature."""
        keyid = ("%s+%s" % (self.key.name, self.key.id.hex())).encode()
        header = b"\xa3\x01\x27\x04" + cbor(keyid) + b"\x19\x01\x8b\x01"
        proof = cbor([self.note.size, leaf.offset, self.path])
        start = b"\xd2\x84" + cbor(header) + b"\xa1\x19\x01\x8c\xa1\x20\x81" + cbor(proof)
        need(len(data) >= 64 and data[:-64] == start + b"\xf6\x58\x40", "another receipt")
        try:
            signed = cbor(["Signature1", header, b"", self.note.root])
            self.key.public.verify(data[-64:], signed)
        except InvalidSignature as error:
            raise Refused("the receipt is not signed by the key") from error

    def check_export_record(self):
        manifest = self.manifest
        leaf, values = self.open_record("export", "verity_exports")
        expected = {
            "manifest_sha256": sha256(self.file("manifest.json")),
            "export_id": manifest["exportId"],
            "token_id": manifest["tokenId"],
            "recipient": manifest["recipient"],
            "purpose": manifest["purpose"],
            "position": manifest["position"],
            "rows": sum(table["rows"] for table in manifest["tables"]),
        }
        for name, value in expected.items():
            need(values.get(name) == value, "the record has another " + name)
        need(self.note.size == leaf.offset + 1, "the log does not end with the export record")
        need(manifest["position"] <= leaf.offset, "the answer is of a later position")
        self.export_leaf = leaf
        if self.signed and "statement.dsse.json" in self.entries:
            self.check_statement(self.document("statement.dsse.json"))
        if self.signed and "proofs/export.cose" in self.entries:
            self.check_receipt(self.document("proofs/export.cose"), leaf)
        return "proved"

    def check_integrity(self):
        manifest = self.manifest
        found = [file["name"] for file in manifest["files"]]
        names = listed_names(manifest["tables"], found) + [
            "checkpoint", "manifest.json", "proofs/records.bin", "proofs/export.json",
            "proofs/export.tlog-proof", "proofs/policy.json", "proofs/policy.tlog-proof",
        ]  # fmt: skip
        if manifest["heldTreeSize"] is not None:
            names.append("consistency.json")
        for name in set(names) - set(self.entries):
            self.fail("integrity", name + " is missing")
        extra = {"proofs/export.cose", "statement.dsse.json", "timestamp.tsr"}
        for name in set(self.entries) - set(names) - extra:
            self.fail("integrity", name + " is not of the bundle")
        for name, (_, damaged) in self.entries.items():
            if damaged:
                self.fail("integrity", name + " is damaged")
        for file in manifest["files"]:
            content = self.entries.get(file["name"], (None, True))
            if not content[1] and (len(content[0]), sha256(content[0]).hex()) != (file["size"], file["sha256"]):
                self.fail("integrity", file["name"] + " is not the one of the manifest")
        for table in manifest["tables"]:
            if table["csv"]:
                self.check_csv(table)
            parquet = "data/%s.parquet" % table["name"]
            if any(file["name"] == parquet for file in manifest["files"]):
                need(parquet_of(table["columns"], self.rows_of(table)) == self.file(parquet), "another Parquet")
            if "release/%s.json" % table["name"] in found:
                self.check_release(table)
        return "proved"

    def check_release(self, table):
        """Counts the classes of a table that is released under a model of k again."""
        release = parse_jcs(utf8(self.document("release/%s.json" % table["name"])))
        need(isinstance(release, dict) and isinstance(release.get("model"), dict), "a release file")
        model, shown = release["model"], {column["name"] for column in table["columns"]}
        need(is_count(model.get("k")) and model.get("written") in ("quasi-id", "public"), "a model")
        need(release.get("records") == table["rows"] and not table["truncated"], "a release of other rows")
        quasi = []
        for column in listed(release.get("columns"), 256, "columns of a release"):
            members(column, "level levels name transform", "a column of a release")
            quasi.append(column["name"])
        places, at, sizes = self.file("disclosures/%s.bin" % table["name"]), 0, {}
        for line in self.lines(table["name"]):
            row = json.loads(utf8(line))
            key = canonical([row.get(name) for name in quasi if name in shown])
            if model["written"] == "quasi-id":
                need(at + 48 <= len(places), "a row of disclosures")
                key += str(int.from_bytes(places[at : at + 8], "little"))
                at += int.from_bytes(places[at + 12 : at + 14], "little")
            sizes[key] = sizes.get(key, 0) + 1
        need(all(size >= model["k"] for size in sizes.values()), "rows that fewer than k share")

    def check_csv(self, table):
        name, rows = table["name"], table["rows"]
        names = {"bigint": "long", "timestamp": "dateTime", "bytes": "base64Binary", "text": "string", "uuid": "string"}
        columns = []
        for column in table["columns"]:
            origin = "committed in the log" if column["proof"] == "public" else "computed by the operator"
            proved = "%d of %d values proved" % (rows - column["attested"], rows)
            columns.append({
                "datatype": names.get(column["type"], column["type"]),
                "dc:description": "%s; transform: %s; %s" % (origin, column["transform"], proved),
                "null": "",
                "titles": column["name"],
            })  # fmt: skip
        dictionary = canonical({
            "@context": "http://www.w3.org/ns/csvw",
            "dc:title": name,
            "dialect": {"header": True, "lineTerminators": ["\r\n"]},
            "tableSchema": {"columns": columns},
            "url": name + ".csv",
        })  # fmt: skip
        need(self.document("data/%s.csv-metadata.json" % name) == (dictionary + "\n").encode(), "another dictionary")

        def quoted(text):
            guard = "'" if text[:1] and text[0] in "=+-@\t\r\n'\uff1d\uff0b\uff0d\uff20" else ""
            return '"' + guard + text.replace('"', '""') + '"'

        def cell(column, value):
            if value is None:
                return ""
            if column["type"] in ("text", "bytes", "json"):
                return quoted(value if isinstance(value, str) else canonical(value))
            return value if isinstance(value, str) else canonical(value)

        lines = [",".join(quoted(column["name"]) for column in table["columns"])]
        for row in self.rows_of(table):
            lines.append(",".join(cell(column, value) for column, value in zip(table["columns"], row)))
        need("".join(line + "\r\n" for line in lines).encode() == self.file("data/%s.csv" % name), "another CSV")

    def rows_of(self, table):
        for line in self.lines(table["name"]):
            try:
                row = json.loads(utf8(line))
                yield [row[column["name"]] for column in table["columns"]]
            except (ValueError, KeyError, TypeError) as error:
                raise Refused("a line of data is none") from error

    def lines(self, table):
        data = self.file("data/%s.ndjson" % table)
        need(data == b"" or data.endswith(b"\n"), "the last line is not ended")
        return data.split(b"\n")[:-1]

    def read_records(self):
        """Leaves with their row proofs, and the batch proof."""
        if self.records is not None:
            return self.records
        data, note = self.file("proofs/records.bin"), self.note
        try:
            size, count, hashes = struct.unpack("<QII", data[:16])
            need(size == note.size, "the records are of another tree size")
            at, records, last = 16 + 32 * hashes, [], -1
            need(at + 172 * count <= len(data), "the records are cut short")
            proof = [data[16 + 32 * i : 48 + 32 * i] for i in range(hashes)]
            for _ in range(count):
                leaf = Leaf(data[at : at + 168])
                length = struct.unpack("<I", data[at + 168 : at + 172])[0]
                end = at + 172 + 32 * length
                need(end <= len(data), "the records are cut short")
                need(last < leaf.offset < note.size, "the records are out of order")
                records.append((leaf, [data[i : i + 32] for i in range(at + 172, end, 32)]))
                at, last = end, leaf.offset
            need(at == len(data) and (records or not proof), "bytes or hashes are left over")
        except struct.error as error:
            raise Refused("the records are cut short") from error
        self.records = records, proof
        return self.records

    def check_inclusion(self):
        records, proof = self.read_records()
        if not records:
            return "not-claimed"
        leaves = [(leaf.offset, leaf.hash) for leaf, _ in records]
        need(batch_root(self.note.size, leaves, proof) == self.note.root, "they are not in the log")
        return "proved"

    def check_rows(self):
        rows, values, complete = {}, 0, True
        for table in self.manifest["tables"]:
            try:
                complete &= self.check_table(table, rows)
            except Refused as error:
                self.fail("rows", str(error))
                complete = False
            values += table["rows"] * len(table["columns"])
        records, _ = self.read_records()
        for leaf, proof in records:
            found = sorted(rows.pop(leaf.offset, []))
            if not found and complete:
                self.fail("rows", "no row is of record %d" % leaf.offset)
            if not found:
                continue
            try:
                need(leaf.kind == 1 and leaf.tenant == self.manifest["tenant"], "not data of this tenant")
                need(leaf.offset <= self.manifest["position"], "a record is later than the answer")
                need(len({row for row, _ in found}) == len(found), "a row stands twice")
                need(batch_root(leaf.rows, found, proof) == leaf.root, "record %d committed to others" % leaf.offset)
            except Refused as error:
                self.fail("rows", str(error))
        for offset in rows:
            self.fail("rows", "record %d is missing" % offset)
        if values == 0:
            return "not-claimed"
        return "proved" if self.proved else "attested"

    def check_table(self, table, rows):
        name, columns = table["name"], table["columns"]
        data, at, lines = self.file("disclosures/%s.bin" % name), 0, self.lines(name)
        opened, complete, readable = [0] * len(columns), True, True
        for number, line in enumerate(lines, 1):
            try:
                offset, row, size, schema, event = struct.unpack("<QIHBB", data[at : at + 16])
            except struct.error as error:
                raise Refused("rows of disclosures are lacking") from error
            need(size > 48 and at + size <= len(data), "a row of disclosures is cut short")
            piece, at = data[at : at + size], at + size
            try:
                need(offset < 2**53 and event in (1, 2) and schema < len(table["schemas"]), "a row's head")
                layout = table["schemas"][schema]["layout"]
                shown = shown_digests(table, table["schemas"][schema])
                fields = self.split_fields(piece, len(layout))
            except Refused as error:
                self.fail("rows", "line %d: %s" % (number, error))
                complete = readable = False
                continue
            rows.setdefault(offset, []).append((row, piece[16:48]))
            try:
                values = self.values_of(line, columns)
                digests = []
                for index, field in enumerate(fields):
                    if len(field) == 32:
                        digests.append(field)
                        continue
                    showing = [i for i, place in enumerate(shown) if place == index]
                    item = layout[index]
                    need(item is not None and showing, "a digest is opened that no column shows")
                    value = values[showing[0]]
                    need(all(cbor(values[i]) == cbor(value) for i in showing), "columns disagree")
                    digests.append(field_digest(field, item["column"], item["level"], item["type"], value))
                    for i in showing:
                        opened[i] += 1
                digest = bytes.fromhex(table["schemas"][schema]["digest"])
                commitment = row_commitment(name, digest, offset, ("insert", "update")[event - 1], digests)
            except (Refused, UnicodeError) as error:
                self.fail("rows", "line %d: %s" % (number, error))
                readable = False
                continue
            if commitment != piece[16:48]:
                self.fail("rows", "line %d: not what the row was committed with" % number)
        need(at == len(data) and len(lines) == table["rows"], "there are not as many rows as claimed")
        for column, count in zip(columns, opened):
            if readable and table["rows"] - count != column["attested"]:
                self.fail("rows", "%s is attested in another number of rows" % column["name"])
        self.proved += sum(opened)
        return complete

    def split_fields(self, piece, count):
        at, fields = 48 + (count + 7) // 8, []
        need(at <= len(piece), "a row has another number of digests")
        mask = int.from_bytes(piece[48:at], "little")
        need(mask >> count == 0, "a row opens a digest beyond its schema")
        for index in range(count):
            size = 16 if mask >> index & 1 else 32
            fields.append(piece[at : at + size])
            at += size
        need(at == len(piece), "a row has another number of digests")
        return fields

    def values_of(self, line, columns):
        need(len(line) <= 2**26, "the line is too long")
        row = parse_jcs(utf8(line))
        need(isinstance(row, dict) and len(row) == len(columns), "the line has other members")
        for column in columns:
            need(column["name"] in row, column["name"] + " is missing")
        return [to_value(column["type"], row[column["name"]]) for column in columns]

    def check_policy(self):
        leaf, values = self.open_record("policy", "verity_policies")
        policy = self.manifest["policy"]
        expected = {
            "name": policy["name"],
            "version": policy["version"],
            "sha256": bytes.fromhex(policy["sha256"]),
            "document": utf8(self.document("policy.yaml")),
        }
        for name, value in expected.items():
            need(values.get(name) == value, "the policy has another " + name)
        return "proved"

    def check_consent(self):
        consent = self.manifest["consent"]
        if consent is None:
            return "not-claimed"
        text = utf8(self.document("consent.ndjson"))
        need(text == "" or text.endswith("\n"), "a line of consent is not ended")
        lines = text.split("\n")[:-1]
        pattern = r'\{"permit":true,"reason":"given","subject":"[0-9a-f]{32}"\}'
        need(all(re.fullmatch(pattern, line) for line in lines), "a line of consent is no permit")
        need(lines == sorted(set(lines)), "consent is not in order")
        root = tree_root([sha256(b"\x00", line.encode()) for line in lines])
        need((len(lines), root.hex()) == (consent["permits"], consent["root"]), "another consent")
        rows = sum(table["rows"] for table in self.manifest["tables"])
        need(len(lines) <= rows and (rows == 0 or lines), "consents do not fit the rows")
        return "attested"

    def check_consistency(self):
        held_size, note, given = self.manifest["heldTreeSize"], self.note, None
        if held_size is not None:
            given = parse_jcs(utf8(self.document("consistency.json")))
            members(given, "from proof to", "consistency.json")
            need((given["from"], given["to"]) == (held_size, note.size), "the proof is of other sizes")
            proof = [self.hash(item) for item in listed(given["proof"], 128, "proof")]
        if self.held is None:
            return "not-claimed"
        need(self.key, "no key was given, so no checkpoint that is held is trusted")
        old = Note(self.held)
        old.verify(self.key)
        need(old.origin == self.manifest["origin"], "the checkpoint that you hold is of another log")
        need(old.size <= note.size, "the bundle is of an older state than you hold")
        if old.size == note.size:
            need(old.root == note.root, "two histories of one size")
        else:
            need(given is not None and given["from"] == old.size, "no proof starts at what you hold")
            check_consistency(old.size, note.size, old.root, note.root, proof)
        return "proved"


def read(path, what):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise what("cannot read %s: %s" % (path, error.strerror)) from error


def main(arguments):
    parser = argparse.ArgumentParser(description="Verifies an export bundle offline.")
    parser.add_argument("bundle")
    parser.add_argument("--key-file", help="file with the verifier key of the log")
    parser.add_argument("--held-checkpoint", help="file with a checkpoint of the log that you hold")
    parser.add_argument("--json", action="store_true", help="the verdicts as JSON")
    given = parser.parse_args(arguments)
    try:
        key = None
        if given.key_file is not None:
            key = Key(read(given.key_file, Usage).decode("utf-8", "replace").strip())
        held = None if given.held_checkpoint is None else read(given.held_checkpoint, Usage)
        bundle = Bundle(read(given.bundle, Unreadable), key, held)
    except (Usage, Unreadable) as error:
        print(error, file=sys.stderr)
        return 2 if isinstance(error, Usage) else 3
    verdicts = bundle.run()
    if given.json:
        print(json.dumps({"verdicts": verdicts, "failures": bundle.failures}))
    else:
        for check, verdict in verdicts.items():
            print("%-14s %s" % (check, verdict.replace("-", " ")))
            for failure in bundle.failures.get(check, [])[:20]:
                print("    " + "".join(c if c.isprintable() else "\ufffd" for c in failure))
        print("\nNot proved:")
        for line in bundle.manifest["notProved"]:
            print("  - " + line)
    return 1 if "failed" in verdicts.values() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
