"""Verifies an audit trail by its format alone (shared/trail/FORMAT.md): a second reading of it, which shares no code with the first.

    python verify.py ROOT [--against CHECKPOINT_FILE]... [--vkey VKEY] [--now TIME]
    python verify.py --proof FILE.tlog-proof --record RECORD_FILE --vkey VKEY

ROOT is the folder that contains `trail/` and `state/`. VKEY is the verifier key of key 1, known from elsewhere; with `--proof`, that of
the key that signed the proof's checkpoint. TIME is when answers are due; without it, the time of this machine's clock.

Nobody may write to the trail meanwhile.

Exit code 0 and `ok: ...` when all holds; 3 and `broken: <object path>: <what>` with the first thing that does not.
"""

import argparse
import base64
import hashlib
import json
import math
import os
import re
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from json.encoder import encode_basestring

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TILE_WIDTH = 256
MAX_RECORD_BYTES = 65_535
TWO_HOURS = 2 * 60 * 60 * 1000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

HEX_32 = re.compile(r"[0-9a-f]{32}")
HEX_64 = re.compile(r"[0-9a-f]{64}")
DECIMAL = re.compile(r"0|[1-9][0-9]{0,19}")
ULID = re.compile(rf"[0-7][{CROCKFORD}]{{25}}")
KIND = re.compile(r"[a-z][a-z0-9-]{0,31}")
TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z")
SIGNATURE_LINE = re.compile(r"— ([^ ]+) ([^ ]+)")

TILE_NUMBER = r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
OBJECTS = {
    "readme": re.compile(r"trail/README\.txt"),
    "keys": re.compile(r"trail/keys/([1-9][0-9]*)\.json"),
    "pending": re.compile(rf"trail/pending/([0-9]{{8}}T[0-9]{{2}})/({ULID.pattern})-({KIND.pattern})\.json"),
    "blobs": re.compile(r"trail/blob/sha256/([0-9a-f]{64})"),
    "segments": re.compile(r"trail/seq/([0-9]{20})\.jsonl"),
    "tiles": re.compile(rf"trail/tile/(0|[1-9]|[1-5][0-9]|6[0-3])/{TILE_NUMBER}"),
    "bundles": re.compile(rf"trail/tile/(entries)/{TILE_NUMBER}"),
    "checkpoints": re.compile(r"trail/checkpoints/([0-9]{20})"),
}

RECORD_MEMBERS = {"v", "id", "kind", "at", "by", "nonce", "blobs", "body"}
RECORD_OPTIONAL = {"opens", "closes"}
KEY_MEMBERS = {"v", "number", "origin", "vkey", "created", "signatures"}


class Fault(Exception):
    """What is wrong, before it is known in which object."""


class Broken(Exception):
    """What is wrong, and where."""

    def __init__(self, path, what):
        super().__init__(f"{path}: {what}")


@contextmanager
def reading(path, prefix=""):
    try:
        yield
    except Fault as fault:
        raise Broken(path, f"{prefix}{fault}") from None


def require(condition, what):
    if not condition:
        raise Fault(what)


# Canonical JSON, RFC 8785


def number_text(value):
    """A number as ECMAScript writes it."""
    if isinstance(value, int) and abs(value) <= 2**53:
        return str(value)
    value = float(value)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    if value == 0:
        return "0"
    _, digits, exponent = Decimal(repr(abs(value))).normalize().as_tuple()
    return ("-" if value < 0 else "") + place_point("".join(map(str, digits)), len(digits) + exponent)


def place_point(digits, point):
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if count > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"


def utf16_units(text):
    return text.encode("utf-16-be", "surrogatepass")


def canonical_text(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, (int, float)):
        return number_text(value)
    if isinstance(value, list):
        return f"[{','.join(map(canonical_text, value))}]"
    members = (f"{encode_basestring(name)}:{canonical_text(value[name])}" for name in sorted(value, key=utf16_units))
    return f"{{{','.join(members)}}}"


def canonical(value):
    return canonical_text(value).encode("utf-8")


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def parse_canonical_object(data):
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=refuse_constant)
        same = canonical(value) == data
    except (ValueError, OverflowError):
        raise Fault("not JSON") from None
    except RecursionError:
        raise Fault("nested too deeply") from None
    require(same, "not canonical JSON")
    require(isinstance(value, dict), "not a JSON object")
    return value


# Small forms


def is_text(value, form):
    return isinstance(value, str) and form.fullmatch(value) is not None


def is_count(value, least):
    return type(value) is int and value >= least


def sha256_hex(data):
    return hashlib.sha256(data).hexdigest()


def parse_time(value, name):
    """Milliseconds since 1970."""
    require(is_text(value, TIME), f"`{name}` is not a time")
    *seconds, millis = map(int, TIME.fullmatch(value).groups())
    try:
        moment = datetime(*seconds, tzinfo=timezone.utc)
    except ValueError:
        raise Fault(f"`{name}` is not a time") from None
    return (moment - EPOCH) // timedelta(milliseconds=1) + millis


def ulid_hour(ulid):
    millis = 0
    for character in ulid[:10]:
        millis = millis * 32 + CROCKFORD.index(character)
    try:
        return (EPOCH + timedelta(milliseconds=millis)).strftime("%Y%m%dT%H")
    except OverflowError:
        raise Fault("the time of `id` is beyond the year 9999") from None


def parse_base64(text, length, name):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Fault(f"{name} is not base64") from None
    require(base64.b64encode(data).decode() == text, f"{name} is not base64 in its only form")
    require(length is None or len(data) == length, f"{name} does not have {length} bytes")
    return data


def only_members(value, needed, optional, name):
    require(isinstance(value, dict), f"{name} is not an object")
    for member in sorted(needed - value.keys()):
        raise Fault(f"{name} lacks `{member}`")
    for member in sorted(value.keys() - needed - optional):
        raise Fault(f"{name} has an unknown member `{member}`")


# Tree of RFC 6962


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def fold(hashes):
    """The root of a complete subtree."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


class Tree:
    """All nodes of complete subtrees over the entries of the log."""

    def __init__(self, entries):
        self.size = len(entries)
        self.levels = [[leaf_hash(entry) for entry in entries]]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])

    def nodes(self, height, start, end):
        return self.levels[height][start:end] if height < len(self.levels) else []

    def root(self, size):
        """The root hash over the first entries: complete subtrees, from the smallest, on the right, to the largest."""
        result, rest = None, size
        while rest:
            height = (rest & -rest).bit_length() - 1
            node = self.levels[height][(rest >> height) - 1]
            result = node if result is None else node_hash(node, result)
            rest &= rest - 1
        return result


class TileTree:
    """The tree of one size, read from its hash tiles only."""

    def __init__(self, read, size):
        self.read = read
        self.size = size

    def node(self, height, index):
        level, above = divmod(height, 8)
        tile, start = divmod(index << above, TILE_WIDTH)
        width = min(TILE_WIDTH, (self.size >> 8 * level) - tile * TILE_WIDTH)
        data = self.read(tile_path(level, tile, width))
        return fold([data[i * 32 : i * 32 + 32] for i in range(start, start + (1 << above))])

    def range_hash(self, start, end):
        width = end - start
        if width & (width - 1) == 0:
            height = width.bit_length() - 1
            return self.node(height, start >> height)
        split = start + largest_power_below(width)
        return node_hash(self.range_hash(start, split), self.range_hash(split, end))

    def consistency_proof(self, size):
        """RFC 6962, section 2.1.2."""
        return self.subproof(size, 0, self.size, True)

    def subproof(self, size, start, end, whole):
        if size == end - start:
            return [] if whole else [self.range_hash(start, end)]
        split = largest_power_below(end - start)
        if size <= split:
            return self.subproof(size, start, start + split, whole) + [self.range_hash(start + split, end)]
        return self.subproof(size - split, start + split, end, False) + [self.range_hash(start, start + split)]


def largest_power_below(number):
    return 1 << ((number - 1).bit_length() - 1)


def consistent(size_1, root_1, size_2, root_2, proof):
    """RFC 9162, section 2.1.4.2."""
    if not proof:
        return False
    path = proof if size_1 & (size_1 - 1) else [root_1, *proof]
    fn, sn = size_1 - 1, size_2 - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for node in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(node, fr), node_hash(node, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, node)
        fn, sn = fn >> 1, sn >> 1
    return fr == root_1 and sr == root_2 and sn == 0


def included(leaf, index, size, proof, root):
    """RFC 9162, section 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, result = index, size - 1, leaf
    for node in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            result = node_hash(node, result)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = node_hash(result, node)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and result == root


# Tiles of C2SP tlog-tiles


def tile_number_text(number):
    groups = [f"{number % 1000:03d}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03d}")
    return "/".join(groups)


def tile_path(level, number, width):
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"trail/tile/{level}/{tile_number_text(number)}{partial}"


def partial_tiles(size):
    level = 0
    while size >> 8 * level:
        number, width = divmod(size >> 8 * level, TILE_WIDTH)
        if width:
            yield level, number, width
        level += 1


def full_tiles(size):
    level = 0
    while size >> 8 * level:
        for number in range((size >> 8 * level) // TILE_WIDTH):
            yield level, number, TILE_WIDTH
        level += 1


def needed_tile_paths(sizes):
    tiles = [tile for size in sizes for tile in partial_tiles(size)] + list(full_tiles(max(sizes, default=0)))
    for level, number, width in sorted(set(tiles)):
        yield tile_path(level, number, width)
        if level == 0:
            yield tile_path("entries", number, width)


def bundle(entries):
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


# Keys and notes of C2SP signed-note


@dataclass(frozen=True)
class VerifierKey:
    name: str
    key_id: bytes
    public: bytes

    def signed(self, signature, message):
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def is_key_name(name):
    return name != "" and not any(character.isspace() or character < " " or character == "+" for character in name)


def parse_vkey(text):
    parts = text.split("+", 2) if isinstance(text, str) else []
    require(len(parts) == 3, "`vkey` is not a verifier key")
    name, key_id, encoded = parts
    require(is_key_name(name), "the name in `vkey` is no key name")
    key = parse_base64(encoded, 33, "the key in `vkey`")
    require(key[0] == 1, "`vkey` is not of type 0x01")
    expected = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    require(key_id == expected.hex(), "the key id in `vkey` is not that of the key")
    return VerifierKey(name, expected, key[1:])


@dataclass(frozen=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes
    text: bytes
    signatures: list

    def signed_by(self, key):
        return any(
            name == key.name and data[:4] == key.key_id and key.signed(data[4:], self.text) for name, data in self.signatures
        )


def parse_signature_line(line):
    match = SIGNATURE_LINE.fullmatch(line)
    require(match and is_key_name(match[1]), "a signature line has not its form")
    data = parse_base64(match[2], None, "a signature")
    require(len(data) > 4, "a signature is too short")
    return match[1], data


def parse_note(data):
    try:
        note = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("not UTF-8") from None
    require(all(character >= " " or character == "\n" for character in note), "a control character")
    text, blank, signatures = note.rpartition("\n\n")
    require(blank and signatures.endswith("\n"), "not a signed note")
    return f"{text}\n", [parse_signature_line(line) for line in signatures[:-1].split("\n")]


def parse_checkpoint(data):
    text, signatures = parse_note(data)
    lines = text.split("\n")
    require(len(lines) == 4, "the text of the checkpoint is not three lines")
    require(is_text(lines[1], DECIMAL), "the size is not a decimal number")
    require(lines[1] != "0", "the size is 0")
    root = parse_base64(lines[2], 32, "the root hash")
    return Checkpoint(lines[0], int(lines[1]), root, text.encode(), signatures)


def parse_trail_checkpoint(data, origin):
    checkpoint = parse_checkpoint(data)
    require(checkpoint.origin == origin, "another origin than that of the keys")
    require(len(checkpoint.signatures) == 1, "not exactly one signature")
    require(checkpoint.signatures[0][0] == origin, "the name in the signature line is not the origin")
    return checkpoint


@dataclass(frozen=True)
class KeyStatement:
    number: int
    vkey: str
    verifier: VerifierKey
    since: int
    readme: str
    data: bytes


def parse_key(number, data, before):
    value = parse_canonical_object(data)
    only_members(value, KEY_MEMBERS | ({"from", "previous"} if before else {"readme"}), set(), "the statement")
    require(is_count(value["v"], 1) and value["v"] == 1, "`v` is not 1")
    require(is_count(value["number"], 1) and value["number"] == number, "`number` is not that of its name")
    verifier = parse_vkey(value["vkey"])
    require(value["origin"] == verifier.name, "`origin` is not the name in `vkey`")
    parse_time(value["created"], "created")
    if before:
        check_succession(value, verifier, before)
    else:
        require(is_text(value["readme"], HEX_64), "`readme` is not a SHA-256")
    check_key_signatures(value, verifier, before)
    return KeyStatement(number, value["vkey"], verifier, value.get("from", 0), value.get("readme"), data)


def check_succession(value, verifier, before):
    last = before[-1]
    require(verifier.name == last.verifier.name, "another `origin` than that of the key before it")
    require(is_count(value["from"], 0), "`from` is not a size")
    require(value["from"] >= last.since, "`from` is smaller than that of the key before it")
    require(value["previous"] == sha256_hex(last.data), "`previous` is not the hash of the key statement before it")
    require(all(verifier.public != key.verifier.public for key in before), "the key of an earlier statement")


def check_key_signatures(value, verifier, before):
    message = canonical({name: member for name, member in value.items() if name != "signatures"})
    signers = {"own": verifier, **({"previous": before[-1].verifier} if before else {})}
    only_members(value["signatures"], set(signers), set(), "`signatures`")
    for name, signer in signers.items():
        text = value["signatures"][name]
        require(isinstance(text, str), f"signature `{name}` is not text")
        signature = parse_base64(text, 64, f"signature `{name}`")
        require(signer.signed(signature, message), f"signature `{name}` is wrong")


# Records


@dataclass(frozen=True)
class Record:
    data: bytes
    id: str
    kind: str
    at: int
    instance: str
    number: int
    previous: str
    blobs: list
    opens: int
    closes: str
    body: dict
    path: str


def parse_record(data):
    require(len(data) <= MAX_RECORD_BYTES, f"a record of more than {MAX_RECORD_BYTES} bytes")
    value = parse_canonical_object(data)
    only_members(value, RECORD_MEMBERS, RECORD_OPTIONAL, "the record")
    require(is_count(value["v"], 1) and value["v"] == 1, "`v` is not 1")
    require(is_text(value["id"], ULID), "`id` is not a ULID")
    require(is_text(value["kind"], KIND), "`kind` has not its form")
    check_by(value["by"])
    require(is_text(value["nonce"], HEX_32), "`nonce` is not 32 hex digits")
    check_blob_names(value["blobs"])
    require("closes" not in value or is_text(value["closes"], ULID), "`closes` is not a ULID")
    require(isinstance(value["body"], dict), "`body` is not an object")
    if value["kind"] == "heartbeat":
        check_heartbeat(value["body"])
    return Record(
        data=data,
        id=value["id"],
        kind=value["kind"],
        at=parse_time(value["at"], "at"),
        **value["by"],
        blobs=value["blobs"],
        opens=parse_time(value["opens"], "opens") if "opens" in value else None,
        closes=value.get("closes"),
        body=value["body"],
        path=f"trail/pending/{ulid_hour(value['id'])}/{value['id']}-{value['kind']}.json",
    )


def check_by(by):
    only_members(by, {"instance", "number", "previous"}, set(), "`by`")
    require(is_text(by["instance"], ULID), "`by.instance` is not a ULID")
    require(is_count(by["number"], 1), "`by.number` is not 1 or more")
    if by["number"] == 1:
        require(by["previous"] is None, "`by.previous` is not null in number 1")
    else:
        require(is_text(by["previous"], HEX_64), "`by.previous` is not a SHA-256")


def check_heartbeat(body):
    only_members(body, {"checkpoint", "pending"}, set(), "`body`")
    require(is_count(body["checkpoint"], 0), "`body.checkpoint` is not a size")
    require(is_count(body["pending"], 0), "`body.pending` is not a number of records")


def check_blob_names(blobs):
    require(isinstance(blobs, list) and all(is_text(name, HEX_64) for name in blobs), "`blobs` is not an array of SHA-256")
    require(all(left < right for left, right in zip(blobs, blobs[1:])), "`blobs` is not sorted, each once")


# The trail


class Trail:
    """The objects under a root, and what has been read of them."""

    def __init__(self, root):
        self.root = root
        self.paths = {name: {} for name in OBJECTS}
        self.strangers = []
        self.keys = []
        self.records = []
        self.unsealed = []
        self.checkpoints = []
        self.tree = Tree([])
        self.cached_tiles = {}
        for path, plain in list_objects(root):
            self.classify(path, plain)

    def classify(self, path, plain):
        for name, form in OBJECTS.items():
            match = form.fullmatch(path) if plain else None
            if match:
                self.paths[name][path] = match.groups()
                return
        self.strangers.append(path)

    def read(self, name, path):
        with reading(path):
            require(path in self.paths[name], "missing")
            return read_file(os.path.join(self.root, path))

    def read_tile(self, path):
        if path not in self.cached_tiles:
            self.cached_tiles[path] = self.read("tiles", path)
        return self.cached_tiles[path]

    @property
    def origin(self):
        return self.keys[0].verifier.name

    @property
    def all_records(self):
        return self.records + self.unsealed


def read_file(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Fault(f"cannot be read: {error.strerror}") from None


def list_objects(root):
    """All paths under `trail/`, and whether a plain file is there; a folder is no object."""
    folders = ["trail"]
    while folders:
        folder = folders.pop()
        if not os.path.isdir(os.path.join(root, folder)):
            continue
        for entry in os.scandir(os.path.join(root, folder)):
            path = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                folders.append(path)
            else:
                yield path, entry.is_file(follow_symlinks=False)


# Verifying 1: keys


def check_keys(trail, vkey):
    for number in range(1, max(len(trail.paths["keys"]), 1) + 1):
        path = key_path(number)
        with reading(path):
            trail.keys.append(parse_key(number, trail.read("keys", path), trail.keys))
    first = trail.keys[0]
    if vkey is not None and first.vkey != vkey:
        raise Broken(key_path(1), "not the verifier key known from elsewhere")
    readme = trail.read("readme", "trail/README.txt")
    if sha256_hex(readme) != first.readme:
        raise Broken("trail/README.txt", f"not what {key_path(1)} says")


def key_path(number):
    return f"trail/keys/{number}.json"


def check_key_records(trail, signers):
    """A key that has signed nothing yet may still lack its record."""
    for record in trail.all_records:
        if record.kind == "key":
            with reading(record.path):
                check_key_record(trail, record)
    logged = {record.body["number"] for record in trail.records if record.kind == "key"}
    for number in sorted(signers - logged):
        raise Broken(key_path(number), "the log has no record of this key, which has signed a checkpoint")


def check_key_record(trail, record):
    body = record.body
    only_members(body, {"number", "sha256"}, set(), "`body`")
    require(is_count(body["number"], 1) and body["number"] <= len(trail.keys), "a record of a key that is not there")
    require(body["sha256"] == sha256_hex(trail.keys[body["number"] - 1].data), "not the hash of the key statement")


# Verifying 2: segments


def check_segments(trail):
    ids = set()
    for path, (start,) in sorted(trail.paths["segments"].items()):
        if int(start) != len(trail.records):
            raise Broken(path, f"not the next segment, which starts at {len(trail.records)}")
        for number, line in enumerate(segment_lines(trail, path), 1):
            with reading(path, f"line {number}: "):
                record = parse_record(line)
                require(record.id not in ids, "an `id` that is in the log already")
            ids.add(record.id)
            trail.records.append(record)
    trail.tree = Tree([record.data for record in trail.records])


def segment_lines(trail, path):
    data = trail.read("segments", path)
    with reading(path):
        require(data != b"", "no record")
        require(data.endswith(b"\n"), "no line feed at the end")
    return data[:-1].split(b"\n")


# Verifying 3: checkpoints


def check_checkpoints(trail):
    """The numbers of the keys that have signed."""
    signers = [1]
    for path, (size,) in sorted(trail.paths["checkpoints"].items()):
        with reading(path):
            checkpoint = parse_trail_checkpoint(trail.read("checkpoints", path), trail.origin)
            require(checkpoint.size == int(size), "another size than that of its name")
            signers.append(check_signer(trail, checkpoint, signers[-1]))
            check_root(trail, checkpoint)
        trail.checkpoints.append(checkpoint)
    check_named_checkpoints(trail)
    return set(signers[1:])


def find_signer(trail, checkpoint):
    for key in trail.keys:
        if checkpoint.signed_by(key.verifier):
            return key.number
    raise Fault("no key of the trail has signed it")


def check_signer(trail, checkpoint, last_signer):
    signer = find_signer(trail, checkpoint)
    newest = max(key.number for key in trail.keys if key.number == 1 or key.since < checkpoint.size)
    require(signer >= last_signer, "signed by an older key than a smaller checkpoint")
    require(signer <= newest, f"signed by key {signer}, and not larger than its `from`")
    require(signer >= newest - 1, f"signed by key {signer}, when key {newest} was there")
    return signer


def check_root(trail, checkpoint):
    require(checkpoint.size <= trail.tree.size, f"the log has {trail.tree.size} entries only")
    require(checkpoint.root == trail.tree.root(checkpoint.size), "not the root hash of the log")


def check_named_checkpoints(trail):
    sizes = {0} | {checkpoint.size for checkpoint in trail.checkpoints}
    named = [(key.since, key_path(key.number)) for key in trail.keys]
    named += [(record.body["checkpoint"], record.path) for record in trail.records if record.kind == "heartbeat"]
    for size, by in named:
        if size not in sizes:
            raise Broken(checkpoint_path(size), f"missing, and {by} names it")


def checkpoint_path(size):
    return f"trail/checkpoints/{size:020d}"


# Verifying 4: tiles, bundles, and proofs from the tiles


def check_tiles(trail):
    for path in needed_tile_paths([checkpoint.size for checkpoint in trail.checkpoints]):
        if path not in trail.paths["tiles"] and path not in trail.paths["bundles"]:
            raise Broken(path, "missing")
    for name in ("tiles", "bundles"):
        for path, (level, number, width) in sorted(trail.paths[name].items()):
            with reading(path):
                check_tile(trail, path, level, number, width, trail.read(name, path))


def check_tile(trail, path, level, number, width, data):
    number = int(number.replace("x", "").replace("/", ""))
    width = int(width or TILE_WIDTH)
    require(width <= TILE_WIDTH and path == tile_path(level, number, width), "not the name of a tile")
    start, end = number * TILE_WIDTH, number * TILE_WIDTH + width
    if level == "entries":
        content = [record.data for record in trail.records[start:end]]
        right = bundle(content)
    else:
        content = trail.tree.nodes(8 * int(level), start, end)
        right = b"".join(content)
    require(len(content) == width, "beyond the end of the log")
    require(data == right, "not what the log says")


def check_proofs_from_tiles(trail):
    for checkpoint in trail.checkpoints:
        if TileTree(trail.read_tile, checkpoint.size).range_hash(0, checkpoint.size) != checkpoint.root:
            raise Broken(checkpoint_path(checkpoint.size), "not the root hash of the tiles")
    for first, second in zip(trail.checkpoints, trail.checkpoints[1:]):
        with reading(checkpoint_path(second.size)):
            check_consistency(trail, first, second)


def check_consistency(trail, first, second):
    proof = TileTree(trail.read_tile, second.size).consistency_proof(first.size)
    good = consistent(first.size, first.root, second.size, second.root, proof)
    require(good, f"by the tiles, size {second.size} is not consistent with size {first.size}")


# Verifying 5: pending


def check_pending(trail):
    for record in trail.records:
        if trail.read("pending", record.path) != record.data:
            raise Broken(record.path, "not what the log says")
    sealed = {record.path for record in trail.records}
    ids = {record.id for record in trail.records}
    heartbeats = [record.at for record in trail.records if record.kind == "heartbeat"]
    oldest = max(heartbeats) - TWO_HOURS if heartbeats else None
    for path in sorted(trail.paths["pending"].keys() - sealed):
        with reading(path):
            record = parse_record(trail.read("pending", path))
            require(record.path == path, f"the record in it belongs at {record.path}")
            require(record.id not in ids, "an `id` that another record has")
            require(oldest is None or record.at >= oldest, "not sealed, and two hours older than the newest heartbeat")
        ids.add(record.id)
        trail.unsealed.append(record)


# Verifying 6: chains and answers


def check_chains(trail):
    chains = {}
    for record in trail.all_records:
        chains.setdefault(record.instance, []).append(record)
    for chain in chains.values():
        check_chain(sorted(chain, key=lambda record: record.number))


def check_chain(chain):
    previous = None
    for expected, record in enumerate(chain, 1):
        with reading(record.path):
            require(record.number == expected, f"number {record.number} of its instance, where number {expected} is due")
            require(record.previous == previous, "`by.previous` is not the hash of the record before it")
        previous = sha256_hex(record.data)


def check_answers(trail, now):
    records = {record.id: record for record in trail.all_records}
    answered = set()
    for record in trail.all_records:
        if record.closes is not None:
            with reading(record.path):
                check_answer(record, records.get(record.closes), answered)
            answered.add(record.closes)
    for record in trail.all_records:
        if record.opens is not None and record.id not in answered and record.opens < now:
            raise Broken(record.path, "no answer after its time")


def check_answer(record, question, answered):
    require(question is not None, "answers a record that is not there")
    require(question.opens is not None and question is not record, "answers a record that asks for none")
    require(question.id not in answered, "a second answer to the same record")


# Verifying 7: blobs


def check_blobs(trail):
    for path, (name,) in sorted(trail.paths["blobs"].items()):
        if sha256_hex(trail.read("blobs", path)) != name:
            raise Broken(path, "not the hash of its content")
    for record in trail.all_records:
        for name in record.blobs:
            path = f"trail/blob/sha256/{name}"
            if path not in trail.paths["blobs"]:
                raise Broken(path, f"missing, and {record.path} names it")


# Verifying 8: nothing else


def check_nothing_else(trail):
    for path in sorted(trail.strangers):
        raise Broken(path, "no object of a trail")
    path = "state/trail-head"
    file = os.path.join(trail.root, path)
    if not os.path.lexists(file):
        return
    newest = trail.checkpoints[-1].size if trail.checkpoints else 0
    with reading(path):
        head = read_file(file).decode("latin-1")
        if not is_text(head, DECIMAL):
            return
        require(int(head) <= newest, f"larger than the newest checkpoint, {newest}")


# Verifying 9: checkpoints from elsewhere


def check_against(trail, path):
    with reading(path):
        checkpoint = parse_trail_checkpoint(read_file(path), trail.origin)
        find_signer(trail, checkpoint)
        check_root(trail, checkpoint)
        if trail.checkpoints and checkpoint.size < trail.checkpoints[-1].size:
            check_consistency(trail, checkpoint, trail.checkpoints[-1])


def verify(root, against=(), vkey=None, now=None):
    """Says what is there, or raises `Broken`."""
    now = int(time.time() * 1000) if now is None else now
    trail = Trail(root)
    check_keys(trail, vkey)
    check_segments(trail)
    signers = check_checkpoints(trail)
    check_tiles(trail)
    check_proofs_from_tiles(trail)
    check_pending(trail)
    check_key_records(trail, signers)
    check_chains(trail)
    check_answers(trail, now)
    check_blobs(trail)
    check_nothing_else(trail)
    for path in against:
        check_against(trail, path)
    return f"ok: {len(trail.records)} entries, {len(trail.checkpoints)} checkpoints, {len(trail.unsealed)} not sealed"


# Proofs


def verify_proof(proof_path, record_path, vkey):
    """Verifies a C2SP tlog-proof for the bytes of a record; the checkpoint in it may carry signatures of others too."""
    with reading("--vkey"):
        key = parse_vkey(vkey)
    with reading(record_path):
        record = read_file(record_path)
    with reading(proof_path):
        index, hashes, checkpoint = parse_proof(read_file(proof_path))
        require(checkpoint.origin == key.name, "another origin than that of the key")
        require(checkpoint.signed_by(key), "the key has not signed the checkpoint")
        found = included(leaf_hash(record), index, checkpoint.size, hashes, checkpoint.root)
        require(found, "does not prove that the record is in the log")
    return "ok"


def parse_proof(data):
    head, blank, note = data.partition(b"\n\n")
    require(blank, "no empty line before the checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Fault("not ASCII before the checkpoint") from None
    require(lines.pop(0) == "c2sp.org/tlog-proof@v1", "not a tlog-proof of version 1")
    if lines and lines[0].startswith("extra "):
        parse_base64(lines.pop(0).removeprefix("extra "), None, "the extra data")
    require(lines and lines[0].startswith("index "), "no index line")
    index = lines.pop(0).removeprefix("index ")
    require(is_text(index, DECIMAL), "the index is not a decimal number")
    return int(index), [parse_base64(line, 32, "a hash") for line in lines], parse_checkpoint(note)


# Command line


def parse_arguments():
    parser = argparse.ArgumentParser(description="Verifies an audit trail, or a proof that a record is in one.")
    parser.add_argument("root", nargs="?", help="the folder that contains trail/ and state/")
    parser.add_argument("--against", action="append", default=[], metavar="CHECKPOINT_FILE", help="from elsewhere")
    parser.add_argument("--vkey", help="the verifier key known from elsewhere")
    parser.add_argument("--now", metavar="TIME", help="when answers are due; the clock's time if not given")
    parser.add_argument("--proof", metavar="FILE")
    parser.add_argument("--record", metavar="RECORD_FILE")
    arguments = parser.parse_args()
    if arguments.proof is not None:
        if arguments.record is None or arguments.vkey is None or arguments.root is not None:
            parser.error("--proof needs --record and --vkey, and no ROOT")
    elif arguments.root is None or arguments.record is not None:
        parser.error("ROOT is missing, or --record is without --proof")
    return arguments


def run(arguments):
    if arguments.proof is not None:
        return verify_proof(arguments.proof, arguments.record, arguments.vkey)
    with reading("--now"):
        now = None if arguments.now is None else parse_time(arguments.now, "now")
    return verify(arguments.root, arguments.against, arguments.vkey, now)


def one_line(text):
    return "".join(character if character.isprintable() else "?" for character in text)


def main():
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        print(run(parse_arguments()))
    except Broken as broken:
        print(one_line(f"broken: {broken}"))
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
