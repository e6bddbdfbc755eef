"""Holds verify.py against trails that a small writer and sealer here builds: whole ones, which it must accept, and ones that somebody
tampered with, which it must reject and name the right object. `python selftest.py` exits 0 when all is as it should be."""

import base64
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from queue import Queue

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.dont_write_bytecode = True
import verify  # noqa: E402

VERIFIER = Path(__file__).with_name("verify.py")
ORIGIN = "audit.example/trail"
START = datetime(2026, 1, 5, 8, 30, tzinfo=timezone.utc)
STEP = timedelta(seconds=10)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
README = b"This folder is an audit trail.\n"
NEVER = "9999-12-31T23:59:59.999Z"
INSTANCES = ["01KE6QG4C0AAAAAAAAAAAAAAA1", "01KE6QG4C0AAAAAAAAAAAAAAA2"]

# Size: checkpoints as (size, number of the key), and `from` of key 2.
WHOLE = {
    1: ([(1, 1)], 1),
    2: ([(1, 1), (2, 2)], 1),
    5: ([(1, 1), (2, 1), (3, 1), (5, 2)], 2),
    255: ([(1, 1), (100, 1), (200, 1), (255, 2)], 100),
    256: ([(1, 1), (128, 1), (255, 1), (256, 2)], 128),
    257: ([(1, 1), (255, 1), (256, 1), (257, 2)], 255),
    600: ([(1, 1), (256, 1), (300, 1), (511, 1), (512, 2), (600, 2)], 300),
}

# What is tampered with in its folder, and what is tampered with, at one place, before it is sealed.
BASE = (300, [(1, 1), (100, 1), (256, 1), (257, 1), (300, 2)], 256)
SMALL = (60, [(1, 1), (30, 1), (60, 2)], 30)
PLACE = 41


# Writer


def dump(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha(data):
    return hashlib.sha256(data).hexdigest()


def b64(data):
    return base64.b64encode(data).decode()


def time_text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def ulid(moment, dice):
    number = (int(moment.timestamp() * 1000) << 80) | dice.getrandbits(80)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def make_key(seed):
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())


def public_bytes(key):
    return b"\x01" + key.public_key().public_bytes_raw()


def key_id(key, name=ORIGIN):
    return hashlib.sha256(name.encode() + b"\n" + public_bytes(key)).digest()[:4]


def vkey(key, name=ORIGIN):
    return f"{name}+{key_id(key, name).hex()}+{b64(public_bytes(key))}"


def sign_statement(statement, own, previous):
    message = dump(statement)
    signatures = {"own": b64(own.sign(message))}
    if previous:
        signatures["previous"] = b64(previous.sign(message))
    return dump({**statement, "signatures": signatures})


def make_statement(number, keys, before, since, /, **changes):
    statement = {"v": 1, "number": number, "origin": ORIGIN, "vkey": vkey(keys[number - 1]), "created": time_text(START)}
    if number == 1:
        statement["readme"] = sha(README)
    else:
        statement.update({"from": since, "previous": sha(before)})
    return sign_statement({**statement, **changes}, keys[number - 1], keys[number - 2] if number > 1 else None)


def make_drafts(count, cuts, statements, key_places):
    """Records without `by`: of two instances, with heartbeats, questions and their answers, and blobs."""
    dice = random.Random(count)
    drafts, question = [], None
    for i in range(count):
        moment = START + i * STEP
        draft = {
            "v": 1,
            "id": ulid(moment, dice),
            "kind": "event",
            "at": time_text(moment),
            "by": INSTANCES[i % 3 == 1],
            "nonce": f"{dice.getrandbits(128):032x}",
            "blobs": [],
            "body": {"number": i, "text": "Größe \U0001f600 \u2028 \"a\\b\"\n\x01\x7f", "parts": [1.5, -3, None, True, {}]},
        }
        if i in key_places:
            number = key_places[i]
            draft.update(kind="key", body={"number": number, "sha256": sha(statements[number - 1])})
        elif i % 20 == 6:
            draft.update(kind="heartbeat", body={"checkpoint": newest_cut(cuts, i), "pending": 20})
        elif i % 7 == 3 and question is None:
            question = draft
            draft.update(kind="question", opens=time_text(moment + timedelta(minutes=1)))
        elif i % 7 == 5 and question is not None:
            draft.update(kind="answer", closes=question["id"])
            question = None
        elif i % 11 == 4:
            draft["blobs"] = sorted({sha(blob(i)), sha(blob(i // 2))})
        drafts.append(draft)
    if question is not None:
        del question["opens"]
    return drafts


def newest_cut(cuts, place):
    return max((size for size, _ in cuts if size <= place), default=0)


def blob(i):
    return b"blob %d" % i * 100


def chain(drafts):
    last, records = {}, []
    for draft in drafts:
        number, previous = last.get(draft["by"], (0, None))
        data = dump({**draft, "by": {"instance": draft["by"], "number": number + 1, "previous": previous}})
        last[draft["by"]] = (number + 1, sha(data))
        records.append(data)
    return records


# Sealer


@dataclass
class Plan:
    """All that a trail is made from."""

    keys: list
    statements: list
    cuts: list
    sealed: list
    unsealed: list
    blobs: list
    head: int


def make_plan(size, cuts, since, on_drafts=None, on_records=None):
    keys = [make_key("first"), make_key("second"), make_key("third")]
    statements = [make_statement(1, keys, None, 0)]
    statements.append(make_statement(2, keys, statements[0], since))
    drafts = make_drafts(size + 2, cuts, statements, {0: 1, since: 2})
    drafts[size].update(opens=NEVER)
    if on_drafts:
        on_drafts(drafts)
    records = chain(drafts)
    if on_records:
        on_records(records)
    named = {name for draft in drafts for name in draft["blobs"]}
    blobs = [blob(i) for i in range(size + 2) if sha(blob(i)) in named]
    return Plan(keys, statements, list(cuts), records[:size], records[size:], blobs, cuts[-1][0])


def put(root, path, data):
    file = Path(root, path)
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "xb") as out:
        out.write(data)


def put_once(root, path, data):
    if not Path(root, path).exists():
        put(root, path, data)


def pending_path(data):
    record = json.loads(data)
    millis = 0
    for character in record["id"].upper()[:10]:
        millis = millis * 32 + CROCKFORD.index(character)
    hour = datetime.fromtimestamp(millis // 1000, timezone.utc).strftime("%Y%m%dT%H")
    return f"trail/pending/{hour}/{record['id']}-{record['kind']}.json"


def leaf(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def mth(hashes):
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while 2 * split < len(hashes):
        split *= 2
    return hashlib.sha256(b"\x01" + mth(hashes[:split]) + mth(hashes[split:])).digest()


def tile_name(level, number, width):
    groups = re.findall("...", f"{number:09d}")
    while len(groups) > 1 and groups[0] == "000":
        groups.pop(0)
    name = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"trail/tile/{level}/{name}" + (f".p/{width}" if width < 256 else "")


def tiles_of(hashes):
    """Name and content of all hash tiles of a tree."""
    level = 0
    while hashes:
        blocks = [hashes[i : i + 256] for i in range(0, len(hashes), 256)]
        for number, block in enumerate(blocks):
            yield tile_name(level, number, len(block)), b"".join(block)
        hashes = [mth(block) for block in blocks if len(block) == 256]
        level += 1


def bundles_of(entries):
    for number, start in enumerate(range(0, len(entries), 256)):
        block = entries[start : start + 256]
        content = b"".join((len(entry) & 0xFFFF).to_bytes(2, "big") + entry for entry in block)
        yield tile_name("entries", number, len(block)), content


def checkpoint_text(size, root_hash):
    return f"{ORIGIN}\n{size}\n{b64(root_hash)}\n"


def sign_note(text, key, name=ORIGIN):
    return f"{text}\n— {name} {b64(key_id(key) + key.sign(text.encode()))}\n".encode()


def make_checkpoint(entries, size, key):
    return sign_note(checkpoint_text(size, mth([leaf(entry) for entry in entries[:size]])), key)


def checkpoint_path(size):
    return f"trail/checkpoints/{size:020d}"


def segment_path(start):
    return f"trail/seq/{start:020d}.jsonl"


def put_segment(root, entries, start, end):
    if start < end:
        put(root, segment_path(start), b"".join(entry + b"\n" for entry in entries[start:end]))


def put_tiles(root, entries):
    for path, data in [*tiles_of([leaf(entry) for entry in entries]), *bundles_of(entries)]:
        put_once(root, path, data)


def build(root, plan):
    put(root, "trail/README.txt", README)
    for number, statement in enumerate(plan.statements, 1):
        put(root, f"trail/keys/{number}.json", statement)
    for record in plan.sealed + plan.unsealed:
        put_once(root, pending_path(record), record)
    for content in plan.blobs:
        put_once(root, f"trail/blob/sha256/{sha(content)}", content)
    start = 0
    for size, key in plan.cuts:
        middle = (start + size) // 2
        put_segment(root, plan.sealed, start, middle)
        put_segment(root, plan.sealed, middle, size)
        put_tiles(root, plan.sealed[:size])
        put(root, checkpoint_path(size), make_checkpoint(plan.sealed, size, plan.keys[key - 1]))
        start = size
    put_segment(root, plan.sealed, start, len(plan.sealed))
    put(root, "state/trail-head", str(plan.head).encode())


# Running the verifier


def run_verifier(*arguments):
    result = subprocess.run([sys.executable, VERIFIER, *map(str, arguments)], capture_output=True, encoding="utf-8")
    return result.returncode, result.stdout.removesuffix("\n"), result.stderr


class Results:
    def __init__(self):
        self.count = 0
        self.failures = []

    def expect(self, name, condition, said=""):
        self.count += 1
        if not condition:
            self.failures.append(f"{name}: {said}")

    def accepts(self, name, answer, form):
        code, line, errors = answer
        self.expect(name, code == 0 and re.fullmatch(form, line), f"{code} {line} {errors}")

    def rejects(self, name, answer, form):
        code, line, errors = answer
        self.expect(name, code == 3 and re.match(f"broken: {form}", line) and "\n" not in line, f"{code} {line} {errors}")


# Tamperings in the folder


def change(root, path, edit):
    file = Path(root, path)
    file.write_bytes(edit(file.read_bytes()))


def flip(position):
    def edit(data):
        at = position % len(data)
        return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]

    return edit


def flipped(path, position=-1):
    return lambda root, plan: change(root, path, flip(position))


def edited(path, edit):
    return lambda root, plan: change(root, path, edit)


def deleted(path):
    return lambda root, plan: os.remove(Path(root, path))


def added(path, data=b"?"):
    return lambda root, plan: put(root, path, data)


def moved(old, new):
    return lambda root, plan: os.rename(Path(root, old), Path(root, new))


def swapped(one, other):
    def swap(root, plan):
        left, right = Path(root, one).read_bytes(), Path(root, other).read_bytes()
        Path(root, one).write_bytes(right)
        Path(root, other).write_bytes(left)

    return swap


def flip_pending(root, plan):
    change(root, pending_path(plan.sealed[42]), flip(-40))


def delete_pending(root, plan):
    os.remove(Path(root, pending_path(plan.sealed[42])))


def swap_pending(root, plan):
    swapped(pending_path(plan.sealed[42]), pending_path(plan.sealed[43]))(root, plan)


def truncate_pending(root, plan):
    change(root, pending_path(plan.unsealed[0]), lambda data: data[:-1])


def rename_pending(root, plan):
    path = pending_path(plan.unsealed[1])
    os.rename(Path(root, path), Path(root, path.replace("-event.json", "-other.json")))


def pending_in_another_hour(root, plan):
    path = pending_path(plan.unsealed[1])
    put(root, re.sub("T[0-9]{2}/", "T03/", path), Path(root, path).read_bytes())
    os.remove(Path(root, path))


def delete_named_blob(root, plan):
    os.remove(Path(root, "trail/blob/sha256", sha(blob(4))))


def flip_blob(root, plan):
    change(root, f"trail/blob/sha256/{sha(blob(4))}", flip(3))


def swap_lines(data):
    lines = data.splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]
    return b"".join(lines)


def drop_last_line(data):
    return b"".join(data.splitlines(keepends=True)[:-1])


def segment_of_unsealed(root, plan):
    changed = dump({**json.loads(plan.unsealed[0]), "nonce": "0" * 32})
    put_segment(root, plan.sealed + [changed], 300, 301)


def record_again_in_log(root, plan):
    put(root, segment_path(300), plan.sealed[7] + b"\n")


def signed_by_stranger(root, plan):
    Path(root, checkpoint_path(257)).write_bytes(make_checkpoint(plan.sealed, 257, make_key("stranger")))


def signed_by_newer_key(root, plan):
    Path(root, checkpoint_path(100)).write_bytes(make_checkpoint(plan.sealed, 100, plan.keys[1]))


def signed_by_older_key_later(root, plan):
    Path(root, checkpoint_path(257)).write_bytes(make_checkpoint(plan.sealed, 257, plan.keys[1]))
    Path(root, checkpoint_path(300)).write_bytes(make_checkpoint(plan.sealed, 300, plan.keys[0]))


def checkpoint_of_other_tree(root, plan):
    entries = plan.sealed[:99] + plan.sealed[100:101]
    Path(root, checkpoint_path(100)).write_bytes(make_checkpoint(entries, 100, plan.keys[0]))


def checkpoint_beyond_the_log(root, plan):
    put(root, checkpoint_path(301), make_checkpoint(plan.sealed + plan.unsealed[:1], 301, plan.keys[1]))


def note_of(change_text, name=ORIGIN):
    def write(root, plan):
        text = checkpoint_text(300, mth([leaf(entry) for entry in plan.sealed]))
        Path(root, checkpoint_path(300)).write_bytes(sign_note(change_text(text), plan.keys[1], name))

    return write


def second_signature(root, plan):
    other = make_checkpoint(plan.sealed, 300, make_key("stranger"))
    change(root, checkpoint_path(300), lambda data: data + other.split(b"\n\n")[1])


def statement_of(number, /, **changes):
    def write(root, plan):
        before = plan.statements[0] if number == 2 else None
        statement = make_statement(number, plan.keys, before, BASE[2], **changes)
        Path(root, f"trail/keys/{number}.json").write_bytes(statement)

    return write


def second_key_not_signed_by_first(root, plan):
    keys = [make_key("stranger"), *plan.keys[1:]]
    Path(root, "trail/keys/2.json").write_bytes(make_statement(2, keys, plan.statements[0], BASE[2]))


def statement_not_canonical(root, plan):
    change(root, "trail/keys/1.json", lambda data: data.replace(b'":', b'": ', 1))


def third_key(since, **changes):
    def write(root, plan):
        put(root, "trail/keys/3.json", make_statement(3, plan.keys, plan.statements[1], since, **changes))

    return write


OTHER_LOG = {"origin": "other.example", "vkey": vkey(make_key("third"), "other.example")}
PENDING = r"trail/pending/\S+\.json: "
SEGMENT = r"trail/seq/\d{20}\.jsonl: line \d+: "
SEG_0, SEG_50, SEG_256, SEG_278 = (segment_path(start) for start in (0, 50, 256, 278))

IN_FOLDER = [
    ("README flipped", flipped("trail/README.txt"), r"trail/README\.txt: "),
    ("README deleted", deleted("trail/README.txt"), r"trail/README\.txt: missing"),
    ("key 1 flipped", flipped("trail/keys/1.json", 30), r"trail/keys/1\.json: "),
    ("key 1 deleted", deleted("trail/keys/1.json"), r"trail/keys/1\.json: missing"),
    ("key 1 not canonical", statement_not_canonical, r"trail/keys/1\.json: not canonical"),
    ("key 1 signed again for another README", statement_of(1, readme="0" * 64), r"trail/keys/2\.json: `previous`"),
    ("key 1 with an unknown member", statement_of(1, extra=1), r"trail/keys/1\.json: .*`extra`"),
    ("key 1 of another number", statement_of(1, number=2), r"trail/keys/1\.json: `number`"),
    ("key 1 with a wrong key id", statement_of(1, vkey=f"{ORIGIN}+00000000+{'A' * 44}"), r"trail/keys/1\.json: "),
    ("key 2 flipped", flipped("trail/keys/2.json", 200), r"trail/keys/2\.json: "),
    ("key 2 deleted", deleted("trail/keys/2.json"), rf"{checkpoint_path(300)}: no key"),
    ("key 2 not signed by key 1", second_key_not_signed_by_first, r"trail/keys/2\.json: signature `previous`"),
    ("key 2 with another previous", statement_of(2, previous="0" * 64), r"trail/keys/2\.json: `previous`"),
    ("key 2 with another origin", statement_of(2, origin="other.example"), r"trail/keys/2\.json: `origin`"),
    ("key 2 from a size without checkpoint", statement_of(2, **{"from": 255}), rf"{checkpoint_path(255)}: missing"),
    ("key 2 from a later size", statement_of(2, **{"from": 300}), rf"{checkpoint_path(300)}: signed by key 2"),
    ("key 3 that makes key 1 too old", third_key(256), rf"{checkpoint_path(257)}: signed by key 1"),
    ("key 3 from an earlier size", third_key(100), r"trail/keys/3\.json: `from`"),
    ("key 3 that is key 1 again", third_key(300, vkey=vkey(make_key("first"))), r"trail/keys/3\.json: the key of an earlier"),
    ("key 3 of another log", third_key(300, **OTHER_LOG), r"trail/keys/3\.json: another `origin`"),
    ("key 3 from a size below 0", third_key(-1), r"trail/keys/3\.json: `from` is not a size"),
    ("keys swapped", swapped("trail/keys/1.json", "trail/keys/2.json"), r"trail/keys/1\.json: "),
    ("segment flipped", flipped(SEG_50, 500), rf"({SEG_50}|{checkpoint_path(100)}|trail/pending/\S+): "),
    ("first segment deleted", deleted(SEG_0), rf"{segment_path(1)}: not the next"),
    ("middle segment deleted", deleted(SEG_50), rf"{segment_path(100)}: not the next"),
    ("last segment deleted", deleted(SEG_278), rf"{checkpoint_path(300)}: the log has 278"),
    ("segment empty", edited(SEG_278, lambda data: b""), rf"{SEG_278}: no record"),
    ("segment without its last line feed", edited(SEG_278, lambda data: data[:-1]), rf"{SEG_278}: no line feed"),
    ("segment without its last line", edited(SEG_278, drop_last_line), rf"{checkpoint_path(300)}: the log has 299"),
    ("segment with an empty line", edited(SEG_278, lambda data: data + b"\n"), rf"{SEG_278}: line 23: "),
    ("segments swapped", swapped(SEG_50, SEG_278), r"trail/seq/\S+: not the next"),
    ("lines swapped", edited(SEG_50, swap_lines), rf"{checkpoint_path(100)}: not the root"),
    ("a record twice in the log", record_again_in_log, rf"{segment_path(300)}: line 1: an `id`"),
    ("a segment that overlaps", added(segment_path(299)), rf"{segment_path(299)}: not the next"),
    ("a segment of a changed record", segment_of_unsealed, PENDING + "not what the log says"),
    ("checkpoint flipped", flipped(checkpoint_path(257), 40), rf"{checkpoint_path(257)}: "),
    ("signature flipped", flipped(checkpoint_path(257), -20), rf"{checkpoint_path(257)}: "),
    ("checkpoint truncated", edited(checkpoint_path(257), lambda data: data[:-1]), rf"{checkpoint_path(257)}: "),
    ("newest checkpoint deleted", deleted(checkpoint_path(300)), r"state/trail-head: larger"),
    ("checkpoint that key 2 names deleted", deleted(checkpoint_path(256)), rf"{checkpoint_path(256)}: missing"),
    ("checkpoint that a heartbeat names deleted", deleted(checkpoint_path(100)), rf"{checkpoint_path(100)}: missing"),
    ("checkpoints swapped", swapped(checkpoint_path(100), checkpoint_path(257)), rf"{checkpoint_path(100)}: another size"),
    ("old checkpoint under a new name", moved(checkpoint_path(257), checkpoint_path(299)), rf"{checkpoint_path(299)}: another"),
    ("checkpoint of size 0", added(checkpoint_path(0), sign_note(checkpoint_text(0, b"0" * 32), make_key("first"))),
     rf"{checkpoint_path(0)}: the size is 0"),
    ("checkpoint beyond the log", checkpoint_beyond_the_log, rf"{checkpoint_path(301)}: the log has 300"),
    ("checkpoint of another tree", checkpoint_of_other_tree, rf"{checkpoint_path(100)}: not the root"),
    ("checkpoint signed by a stranger", signed_by_stranger, rf"{checkpoint_path(257)}: no key"),
    ("checkpoint signed by a key before its time", signed_by_newer_key, rf"{checkpoint_path(100)}: signed by key 2"),
    ("checkpoint signed by the older key again", signed_by_older_key_later, rf"{checkpoint_path(300)}: signed by an older"),
    ("checkpoint with an extension line", note_of(lambda text: text + "more\n"), rf"{checkpoint_path(300)}: .*three lines"),
    ("checkpoint of a padded size", note_of(lambda text: text.replace("\n300", "\n0300")), rf"{checkpoint_path(300)}: the size"),
    ("checkpoint of another origin", note_of(lambda text: "x" + text), rf"{checkpoint_path(300)}: another origin"),
    ("signature of another name", note_of(lambda text: text, "other.example"), rf"{checkpoint_path(300)}: the name"),
    ("checkpoint with a second signature", second_signature, rf"{checkpoint_path(300)}: not exactly one"),
    ("full tile flipped", flipped("trail/tile/0/000", 100), "trail/tile/0/000: not what"),
    ("partial tile flipped", flipped("trail/tile/0/001.p/44", 100), r"trail/tile/0/001\.p/44: not what"),
    ("old partial tile flipped", flipped("trail/tile/0/000.p/100", 100), r"trail/tile/0/000\.p/100: not what"),
    ("upper tile flipped", flipped("trail/tile/1/000.p/1", 5), r"trail/tile/1/000\.p/1: not what"),
    ("full tile deleted", deleted("trail/tile/0/000"), "trail/tile/0/000: missing"),
    ("partial tile deleted", deleted("trail/tile/0/000.p/100"), r"trail/tile/0/000\.p/100: missing"),
    ("upper tile deleted", deleted("trail/tile/1/000.p/1"), r"trail/tile/1/000\.p/1: missing"),
    ("tile truncated", edited("trail/tile/0/000", lambda data: data[:-32]), "trail/tile/0/000: not what"),
    ("tiles swapped", swapped("trail/tile/0/000.p/100", "trail/tile/0/001.p/44"), r"trail/tile/0/000\.p/100: not what"),
    ("tile beyond the log", added("trail/tile/0/002.p/1", b"0" * 32), r"trail/tile/0/002\.p/1: beyond"),
    ("wrong partial tile added", added("trail/tile/0/001.p/2", b"0" * 64), r"trail/tile/0/001\.p/2: not what"),
    ("tile of a padded name", added("trail/tile/0/x000/000"), "trail/tile/0/x000/000: not the name"),
    ("tile too wide", added("trail/tile/0/000.p/256"), r"trail/tile/0/000\.p/256: not the name"),
    ("full bundle flipped", flipped("trail/tile/entries/000", 100), "trail/tile/entries/000: not what"),
    ("partial bundle flipped", flipped("trail/tile/entries/001.p/44"), r"trail/tile/entries/001\.p/44: not what"),
    ("full bundle deleted", deleted("trail/tile/entries/000"), "trail/tile/entries/000: missing"),
    ("partial bundle deleted", deleted("trail/tile/entries/000.p/1"), r"trail/tile/entries/000\.p/1: missing"),
    ("bundle truncated", edited("trail/tile/entries/000", lambda data: data[:-1]), "trail/tile/entries/000: not what"),
    ("pending flipped", flip_pending, PENDING + "not what the log says"),
    ("pending deleted", delete_pending, PENDING + "missing"),
    ("pending swapped", swap_pending, PENDING + "not what the log says"),
    ("pending truncated", truncate_pending, PENDING + "not JSON"),
    ("pending under another kind", rename_pending, PENDING + "the record in it belongs"),
    ("pending in another hour", pending_in_another_hour, PENDING + "the record in it belongs"),
    ("blob flipped", flip_blob, rf"trail/blob/sha256/{sha(blob(4))}: not the hash"),
    ("blob deleted", delete_named_blob, rf"trail/blob/sha256/{sha(blob(4))}: missing"),
    ("blob under another name", added(f"trail/blob/sha256/{'0' * 64}"), r"trail/blob/sha256/0+: not the hash"),
    ("another object", added("trail/notes.txt"), r"trail/notes\.txt: no object"),
    ("another object among the segments", added("trail/seq/0.jsonl"), r"trail/seq/0\.jsonl: no object"),
    ("a padded key number", added("trail/keys/03.json"), r"trail/keys/03\.json: no object"),
    ("trail-head too large", edited("state/trail-head", lambda data: b"301"), r"state/trail-head: larger"),
    ("trail-head not a number", edited("state/trail-head", lambda data: b"many"), r"state/trail-head: not a decimal"),
]


# Tamperings before the sealing: the log is whole, and its records are not


def field_of(place, **changes):
    return lambda drafts: drafts[place].update(changes)


def without(place, name):
    return lambda drafts: drafts[place].pop(name)


def replaced(place, edit):
    def replace(records):
        records[place] = edit(records[place])

    return replace


def find(drafts, name):
    return next(draft for draft in drafts if name in draft)


def unanswered(drafts):
    del find(drafts, "closes")["closes"]


def answered_twice(drafts):
    drafts[PLACE]["closes"] = find(drafts, "closes")["closes"]


def answered_twice_later(drafts):
    drafts[-1]["closes"] = find(drafts, "closes")["closes"]


def answer_to_nothing(drafts):
    drafts[PLACE]["closes"] = "0" * 26


def answer_to_no_question(drafts):
    drafts[PLACE]["closes"] = drafts[1]["id"]


def answer_to_itself(drafts):
    drafts[PLACE].update(opens=NEVER, closes=drafts[PLACE]["id"])


def same_id(place, other):
    return lambda drafts: drafts[place].update(id=drafts[other]["id"])


def same_id_other_kind(drafts):
    drafts[-1].update(id=drafts[PLACE]["id"], kind="other")


def forgotten_for_hours(drafts):
    drafts[-1]["at"] = time_text(START + (SMALL[0] - 14) * STEP - timedelta(hours=2, milliseconds=1))


def by_of(**changes):
    return lambda data: dump({**json.loads(data), "by": {**json.loads(data)["by"], **changes}})


def key_record_dropped(drafts):
    drafts[SMALL[2]].update(kind="event")


def too_long(drafts):
    drafts[PLACE]["body"] = {"text": "x" * 65_536}


IN_DRAFTS = [
    ("unknown member", field_of(PLACE, extra=1), SEGMENT + "the record has an unknown member `extra`"),
    ("member missing", without(PLACE, "nonce"), SEGMENT + "the record lacks `nonce`"),
    ("version 2", field_of(PLACE, v=2), SEGMENT + "`v` is not 1"),
    ("version true", field_of(PLACE, v=True), SEGMENT + "`v` is not 1"),
    ("kind in upper case", field_of(PLACE, kind="Event"), SEGMENT + "`kind`"),
    ("time without milliseconds", field_of(PLACE, at="2026-01-05T08:30:00Z"), SEGMENT + "`at` is not a time"),
    ("30 February", field_of(PLACE, at="2026-02-30T08:30:00.000Z"), SEGMENT + "`at` is not a time"),
    ("id in lower case", lambda drafts: drafts[PLACE].update(id=drafts[PLACE]["id"].lower()), SEGMENT + "`id` is not a ULID"),
    ("nonce that is not hex", field_of(PLACE, nonce="0" * 31 + "G"), SEGMENT + "`nonce`"),
    ("blobs not sorted", field_of(PLACE, blobs=["b" * 64, "a" * 64]), SEGMENT + "`blobs` is not sorted"),
    ("blob twice", field_of(PLACE, blobs=["b" * 64, "b" * 64]), SEGMENT + "`blobs` is not sorted"),
    ("body an array", field_of(PLACE, body=[]), SEGMENT + "`body`"),
    ("record too long", too_long, SEGMENT + "a record of more than"),
    ("duplicate id in the log", same_id(PLACE, PLACE - 1), SEGMENT + "an `id` that is in the log already"),
    ("duplicate id outside the log", same_id_other_kind, PENDING + "an `id` that another record has"),
    ("missing answer after its time", unanswered, PENDING + "no answer after its time"),
    ("two answers", answered_twice, PENDING + "a second answer"),
    ("two answers, one not sealed", answered_twice_later, PENDING + "a second answer"),
    ("answer to nothing", answer_to_nothing, PENDING + "answers a record that is not there"),
    ("answer to a record that asks for none", answer_to_no_question, PENDING + "answers a record that asks for none"),
    ("answer to itself", answer_to_itself, PENDING + "answers a record that asks for none"),
    ("heartbeat that says nothing", field_of(46, body={}), SEGMENT + "`body` lacks `checkpoint`"),
    ("heartbeat that says more", field_of(46, body={"checkpoint": 30, "pending": 1, "x": 1}), SEGMENT + "`body` has an unknown"),
    ("heartbeat of no size", field_of(46, body={"checkpoint": -1, "pending": 1}), SEGMENT + "`body.checkpoint`"),
    ("heartbeat of no number", field_of(46, body={"checkpoint": 30, "pending": None}), SEGMENT + "`body.pending`"),
    ("heartbeat of a checkpoint that is not there", field_of(46, body={"checkpoint": 29, "pending": 1}),
     rf"{checkpoint_path(29)}: missing, and trail/pending/"),
    ("key record with another hash", field_of(0, body={"number": 1, "sha256": "0" * 64}), PENDING + "not the hash of the key"),
    ("key record of no key", field_of(0, body={"number": 3, "sha256": "0" * 64}), PENDING + "a record of a key that is not"),
    ("closes that is no ULID", field_of(PLACE, closes="first"), SEGMENT + "`closes` is not a ULID"),
    ("no key record", key_record_dropped, r"trail/keys/2\.json: the log has no record"),
    ("not sealed for hours", forgotten_for_hours, PENDING + "not sealed, and two hours older"),
    ("a blob that never was", field_of(PLACE, blobs=["b" * 64]), "trail/blob/sha256/b+: missing"),
]
IN_RECORDS = [
    ("missing record in a chain", lambda records: records.pop(PLACE), PENDING + r"number \d+ of its instance, where number \d+ is due"),
    ("first record of a chain missing", lambda records: records.pop(1), PENDING + "number 2 of its instance, where number 1"),
    ("another previous", replaced(PLACE, by_of(previous="0" * 64)), PENDING + "`by.previous` is not the hash"),
    ("number 1 again", replaced(PLACE, by_of(number=1, previous=None)), PENDING + "number 1 of its instance"),
    ("number 1 with a previous", replaced(1, by_of(previous="0" * 64)), SEGMENT + "`by.previous` is not null"),
    ("number as text", replaced(PLACE, by_of(number="2")), SEGMENT + "`by.number`"),
    ("no instance", replaced(PLACE, by_of(instance="")), SEGMENT + "`by.instance`"),
    ("record with a space", replaced(PLACE, lambda data: data[:-1] + b" }"), SEGMENT + "not canonical JSON"),
    ("record with an escape", replaced(PLACE, lambda data: data.replace("ß".encode(), b"\\u00df")), SEGMENT + "not canonical JSON"),
    ("number in a longer form", replaced(PLACE, lambda data: data.replace(b"1.5", b"1.50")), SEGMENT + "not canonical JSON"),
    ("member twice", replaced(PLACE, lambda data: data[:-1] + b',"v":1}'), SEGMENT + "not canonical JSON"),
]


def check_whole_trails(results, folder):
    for size, (cuts, since) in WHOLE.items():
        root = Path(folder, f"whole-{size}")
        plan = make_plan(size, cuts, since)
        build(root, plan)
        form = rf"ok: {size} entries, {len(cuts)} checkpoints, 2 not sealed"
        results.accepts(f"whole trail of {size}", run_verifier(root), form)
        olds = [part for old, _ in cuts for part in ("--against", root / checkpoint_path(old))]
        results.accepts(f"whole trail of {size} against its checkpoints", run_verifier(root, *olds), form)
        results.accepts(f"whole trail of {size}, key known", run_verifier(root, "--vkey", vkey(plan.keys[0])), form)
        due = run_verifier(root, "--now", "9999-12-31T23:59:59.999Z")
        results.accepts(f"whole trail of {size}, answer due now", due, form)


def check_variants(results, folder):
    """Whole trails in less usual states."""
    plan = make_plan(*BASE)

    def build_variant(name, edit):
        root = Path(folder, f"variant-{name}")
        build(root, plan)
        edit(root)
        return root

    root = build_variant("hint", lambda root: shutil.rmtree(root / "state"))
    results.accepts("no hint", run_verifier(root), "ok: 300 .*")
    root = build_variant("blob", lambda root: put(root, f"trail/blob/sha256/{sha(b'x')}", b"x"))
    results.accepts("a blob that no record names", run_verifier(root), "ok: 300 .*")
    root = build_variant("tile", lambda root: put_tiles(root, plan.sealed[:77]))
    results.accepts("tiles of a size without checkpoint", run_verifier(root), "ok: 300 .*")
    root = build_variant("dead", lambda root: put_segment(root, plan.sealed + plan.unsealed, 300, 301))
    results.accepts("a segment beyond the newest checkpoint", run_verifier(root), "ok: 301 entries, 5 checkpoints, 1 not sealed")
    root = build_variant("third", lambda root: third_key(300)(root, plan))
    results.accepts("a third key that has not signed yet", run_verifier(root), "ok: 300 .*")
    root = Path(folder, "variant-open")
    build(root, make_plan(*SMALL, on_drafts=unanswered))
    results.accepts("no answer, before its time", run_verifier(root, "--now", time_text(START)), "ok: 60 .*")
    root = Path(folder, "variant-new")
    put(root, "trail/README.txt", README)
    put(root, "trail/keys/1.json", plan.statements[0])
    results.accepts("a new trail", run_verifier(root), "ok: 0 entries, 0 checkpoints, 0 not sealed")


def check_tamperings(results, folder):
    plan = make_plan(*BASE)
    spare = Queue()
    for number in range(os.cpu_count() or 1):
        root = Path(folder, f"base-{number}")
        build(root, plan)
        spare.put((root, contents(root)))
        results.accepts("the base", run_verifier(root), "ok: 300 entries, 5 checkpoints, 2 not sealed")

    def in_folder(tamper):
        root, whole = spare.get()
        tamper(root, plan)
        answer = run_verifier(root)
        restore(root, whole)
        spare.put((root, whole))
        return answer

    def before_sealing(edits):
        with tempfile.TemporaryDirectory(dir=folder) as root:
            build(root, make_plan(*SMALL, **edits))
            return run_verifier(root)

    with ThreadPoolExecutor(spare.qsize()) as pool:
        jobs = [(name, form, pool.submit(in_folder, tamper)) for name, tamper, form in IN_FOLDER]
        jobs += [(name, form, pool.submit(before_sealing, {"on_drafts": edit})) for name, edit, form in IN_DRAFTS]
        jobs += [(name, form, pool.submit(before_sealing, {"on_records": edit})) for name, edit, form in IN_RECORDS]
        for name, form, job in jobs:
            results.rejects(name, job.result(), form)
    for root, _ in spare.queue:
        results.accepts("the base, put back", run_verifier(root), "ok: 300 .*")


def contents(root):
    return {path: path.read_bytes() for path in root.glob("**/*") if path.is_file()}


def restore(root, whole):
    now = contents(root)
    for path in now.keys() - whole.keys():
        path.unlink()
    for path, data in whole.items():
        if now.get(path) != data:
            path.write_bytes(data)


def check_rewritten_trail(results, folder):
    """Whoever has the keys can rewrite all, and only what is known from elsewhere shows it."""
    known, rewritten = Path(folder, "known"), Path(folder, "rewritten")
    build(known, make_plan(*BASE))
    plan = make_plan(*BASE, on_drafts=field_of(90, body={"text": "other"}))
    build(rewritten, plan)
    results.accepts("rewritten", run_verifier(rewritten), "ok: 300 .*")
    results.accepts("rewritten, against what was before", run_verifier(rewritten, "--against", known / checkpoint_path(1)), "ok.*")
    for size in (100, 256, 300):
        path = known / checkpoint_path(size)
        results.rejects(f"rewritten, against {size}", run_verifier(rewritten, "--against", path), rf"{path}: not the root")
    answer = run_verifier(rewritten, "--vkey", vkey(make_key("stranger")))
    results.rejects("another key known", answer, r"trail/keys/1\.json: not the verifier key")
    path = Path(folder, "stranger")
    path.write_bytes(make_checkpoint(plan.sealed, 100, make_key("stranger")))
    results.rejects("against a stranger's", run_verifier(rewritten, "--against", path), rf"{path}: no key")
    path.write_bytes(make_checkpoint(plan.sealed + plan.unsealed, 301, plan.keys[1]))
    results.rejects("cut off", run_verifier(rewritten, "--against", path), rf"{path}: the log has 300")
    results.rejects("against nothing", run_verifier(rewritten, "--against", f"{path}-not"), rf"{path}-not: cannot be read")


def check_every_object(results, folder):
    """Any byte of any sealed object, in a small trail."""
    root = Path(folder, "every")
    plan = make_plan(5, *WHOLE[5])
    build(root, plan)
    free = {pending_path(record) for record in plan.unsealed}
    undetectable = {checkpoint_path(1), checkpoint_path(3)}
    for file in sorted(path for path in root.glob("trail/**/*") if path.is_file()):
        path = str(file.relative_to(root))
        data = file.read_bytes()
        if path in free:
            continue
        changes = [flip(position)(data) for position in range(0, len(data), max(1, len(data) // 25))]
        changes += [data[:-1], data + b"\n", b""] if data else []
        for number, changed in enumerate(changes):
            file.write_bytes(changed)
            results.expect(f"{path}, change {number}", is_broken(root), "accepted")
        file.unlink()
        results.expect(f"{path}, deleted", is_broken(root) != (path in undetectable), "accepted, or not")
        file.write_bytes(data)
    results.expect("all put back", not is_broken(root))


def is_broken(root):
    try:
        verify.verify(root)
    except verify.Broken:
        return True
    return False


# Proofs


def inclusion(hashes, index):
    if len(hashes) == 1:
        return []
    split = 1
    while 2 * split < len(hashes):
        split *= 2
    if index < split:
        return inclusion(hashes[:split], index) + [mth(hashes[split:])]
    return inclusion(hashes[split:], index - split) + [mth(hashes[:split])]


def make_proof(entries, index, note, extra=""):
    hashes = inclusion([leaf(entry) for entry in entries], index)
    lines = "".join(f"{b64(node)}\n" for node in hashes)
    return f"c2sp.org/tlog-proof@v1\n{extra}index {index}\n{lines}\n".encode() + note


def check_proofs(results, folder):
    plan = make_plan(257, *WHOLE[257])
    entries, key, other = plan.sealed, plan.keys[1], plan.keys[0]
    note = make_checkpoint(entries, 257, key)
    good = make_proof(entries, 42, note)
    cosigned = note + sign_note("x\n", other, "witness.example").split(b"\n\n")[1]
    single = make_proof(entries[:1], 0, make_checkpoint(entries, 1, key))

    def prove(proof, record, signer=key):
        name = sha(proof + record)[:16]
        proof_file, record_file = Path(folder, f"{name}.tlog-proof"), Path(folder, f"{name}.json")
        proof_file.write_bytes(proof)
        record_file.write_bytes(record)
        return run_verifier("--proof", proof_file, "--record", record_file, "--vkey", vkey(signer))

    accepted = [
        ("proof", good, 42),
        ("proof of the first", make_proof(entries, 0, note), 0),
        ("proof of the last", make_proof(entries, 256, note), 256),
        ("proof of the only one", single, 0),
        ("proof with extra data", make_proof(entries, 42, note, "extra YWJj\n"), 42),
        ("proof with a cosignature", make_proof(entries, 42, cosigned), 42),
    ]
    for name, proof, index in accepted:
        results.accepts(name, prove(proof, entries[index]), "ok")
    lines = good.split(b"\n")
    rejected = [
        ("proof of another record", good, entries[43], key),
        ("proof by another key", good, entries[42], other),
        ("proof of another version", good.replace(b"@v1", b"@v2", 1), entries[42], key),
        ("proof of another index", good.replace(b"index 42", b"index 43"), entries[42], key),
        ("proof of a padded index", good.replace(b"index 42", b"index 042"), entries[42], key),
        ("proof of an index beyond", good.replace(b"index 42", b"index 257"), entries[42], key),
        ("proof with a hash less", b"\n".join(lines[:2] + lines[3:]), entries[42], key),
        ("proof with a hash more", b"\n".join(lines[:3] + lines[2:]), entries[42], key),
        ("proof with hashes swapped", b"\n".join([*lines[:2], lines[3], lines[2], *lines[4:]]), entries[42], key),
        ("proof with a changed size", good.replace(b"\n257\n", b"\n258\n"), entries[42], key),
        ("proof without checkpoint", good.split(b"\n\n")[0] + b"\n", entries[42], key),
        ("proof without signature", good[: good.rindex("—".encode())], entries[42], key),
        ("proof without index", good.replace(b"index 42\n", b""), entries[42], key),
        ("empty proof", b"", entries[42], key),
    ]
    for name, proof, record, signer in rejected:
        results.rejects(name, prove(proof, record, signer), r"\S+\.tlog-proof: ")


def check_tree(results):
    """The hashes of RFC 6962's well-known example, and the verifier's proofs over many sizes."""
    example = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    known = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    results.expect("known root", verify.Tree([bytes.fromhex(text) for text in example]).root(8).hex() == known)
    hashes = [leaf(b"%d" % i) for i in range(70_000)]
    check_consistency(results, hashes, [(1, 65_536), (255, 65_537), (65_536, 70_000), (65_537, 70_000), (69_999, 70_000)])
    check_consistency(results, hashes, [(old, new) for new in range(2, 40) for old in range(1, new)])
    check_consistency(results, hashes, [(255, 256), (255, 257), (256, 257), (256, 512), (257, 600), (511, 513)])
    for size in range(1, 40):
        for index in range(size):
            proof = inclusion(hashes[:size], index)
            good = verify.included(hashes[index], index, size, proof, mth(hashes[:size]))
            results.expect(f"inclusion of {index} in {size}", good)
    needed = list(verify.needed_tile_paths([70_000]))
    names = [name for name, _ in tiles_of(hashes)] + [name.replace("/0/", "/entries/") for name, _ in tiles_of(hashes) if "/0/" in name]
    results.expect("tiles of 70,000", sorted(needed) == sorted(names))


def check_consistency(results, hashes, pairs):
    trees = {}
    for old, new in pairs:
        for size in (old, new):
            trees.setdefault(size, (mth(hashes[:size]), dict(tiles_of(hashes[:size]))))
        (old_root, _), (new_root, tiles) = trees[old], trees[new]
        proof = verify.TileTree(tiles.__getitem__, new).consistency_proof(old)
        results.expect(f"consistency of {old} and {new}", verify.consistent(old, old_root, new, new_root, proof))
        wrong = verify.consistent(old, new_root, new, new_root, proof) or verify.consistent(old, old_root, new, old_root, proof)
        results.expect(f"no consistency of {old} and {new} with another root", not wrong)


def check_note(results):
    """The example of an implementation of C2SP signed-note that is not this one."""
    key = verify.parse_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")
    signature = "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
    text, [(name, data)] = verify.parse_note(f"This is an example message.\n\n— example.com/foo {signature}\n".encode())
    results.expect("known note", name == key.name and data[:4] == key.key_id and key.signed(data[4:], text.encode()))
    results.expect("changed note", not key.signed(data[4:], text.upper().encode()))


def check_canonical_json(results):
    """Numbers of RFC 8785, appendix B, and the order of its section 3.2.3."""
    numbers = {
        "0": [0.0, -0.0],
        "5e-324": [5e-324],
        "-5e-324": [-5e-324],
        "1.7976931348623157e+308": [1.7976931348623157e308],
        "9007199254740992": [2**53, float(2**53)],
        "295147905179352830000": [2.9514790517935283e20, 295147905179352825856],
        "9.999999999999997e+22": [9.999999999999997e22],
        "1e+23": [1e23],
        "1e+21": [10**21],
        "999999999999999900000": [9.999999999999999e20],
        "0.000001": [1e-6],
        "9.999999999999997e-7": [9.999999999999997e-7],
        "333333333.3333333": [333333333.3333333],
        "-0.0000033333333333333333": [-0.0000033333333333333333],
    }
    for text, values in numbers.items():
        for value in values:
            results.expect(f"number {text}", verify.number_text(value) == text, verify.number_text(value))
    names = ["\r", "1", "\x80", "ö", "€", "\U0001f600", "\ufb33"]
    ordered = list(json.loads(verify.canonical({name: 0 for name in sorted(names)})))
    results.expect("order of names", ordered == names, ordered)
    for text in ['{"a":"\\ud800"}', '{"a":NaN}', '{"a":1e999}', "[1]", "", '{"a":' + "[" * 30_000 + "]" * 30_000 + "}", "\ufeff{}"]:
        try:
            verify.parse_canonical_object(text.encode())
            results.expect(f"{text[:20]} refused", False, "accepted")
        except verify.Fault:
            results.expect(f"{text[:20]} refused", True)


def main():
    results = Results()
    with tempfile.TemporaryDirectory() as folder:
        check_canonical_json(results)
        check_tree(results)
        check_note(results)
        check_whole_trails(results, folder)
        check_variants(results, folder)
        check_tamperings(results, folder)
        check_rewritten_trail(results, folder)
        check_every_object(results, folder)
        check_proofs(results, folder)
    for failure in results.failures:
        print(f"wrong: {failure}")
    print(f"{results.count - len(results.failures)} of {results.count} as they should be")
    return 1 if results.failures else 0


if __name__ == "__main__":
    sys.exit(main())
