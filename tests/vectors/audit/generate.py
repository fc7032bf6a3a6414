"""Makes the vectors of this folder with other code than the one they test.

Needs Python 3.9 and the package `cryptography` (44 or later). Prints nothing; writes the files beside it.
Ed25519 signatures come out the same each time; ECDSA signatures do not, so `notes.json` changes with each run.
"""

import base64
import hashlib
import json
import pathlib
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = pathlib.Path(__file__).parent
ORIGIN = "bank.example/keeper-1"
PEOPLE = ("alice", "bo", "cy")
SECONDS = 1_700_000_000


def save(name, value):
    (HERE / name).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def b64(data):
    return base64.b64encode(data).decode()


def sha(data):
    return hashlib.sha256(data).digest()


class Key:
    """A key that signs notes: its name, its type and its secret half."""

    def __init__(self, name, kind, secret):
        self.name, self.kind, self.secret = name, kind, secret
        if kind == 2:
            self.key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())
            form = (ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)
        else:
            self.key = Ed25519PrivateKey.from_private_bytes(secret)
            form = (ser.Encoding.Raw, ser.PublicFormat.Raw)
        self.public = self.key.public_key().public_bytes(*form)
        prefix = b"" if kind == 2 else name.encode() + b"\n" + bytes([kind])
        self.id = sha(prefix + self.public)[:4]

    def vkey(self):
        return f"{self.name}+{self.id.hex()}+{b64(bytes([self.kind]) + self.public)}"

    def blob(self, text, seconds=SECONDS):
        if self.kind == 1:
            return self.key.sign(text.encode())
        if self.kind == 2:
            return self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
        signed = f"cosignature/v1\ntime {seconds}\n{text}".encode()
        return struct.pack(">Q", seconds) + self.key.sign(signed)

    def line(self, text, blob=None):
        return f"\u2014 {self.name} {b64(self.id + (blob or self.blob(text)))}\n"

    def as_json(self):
        return {
            "type": self.kind,
            "name": self.name,
            "secret": self.secret.hex(),
            "public": self.public.hex(),
            "id": self.id.hex(),
            "vkey": self.vkey(),
        }


LOG = Key(ORIGIN, 1, bytes([1] * 32))
TPM = Key(ORIGIN, 2, bytes([2] * 32))
BUNDLE = Key(ORIGIN + "/bundle", 1, bytes([3] * 32))
OPERATORS = [Key(f"{ORIGIN}/operators/{who}", 4, bytes([4 + at] * 32)) for at, who in enumerate(PEOPLE)]
STRANGER = Key("elsewhere.example", 1, bytes([9] * 32))


# RFC 6962 as it is written there: slow, and with nothing kept between two calls.
def leaf(n):
    return sha(b"\x00" + f"entry {n}".encode())


def split(size):
    return 1 << ((size - 1).bit_length() - 1)


def root(low, high):
    if high == low:
        return sha(b"")
    if high - low == 1:
        return leaf(low)
    middle = low + split(high - low)
    return sha(b"\x01" + root(low, middle) + root(middle, high))


def path(index, low, high):
    if high - low == 1:
        return []
    middle = low + split(high - low)
    if index < middle:
        return path(index, low, middle) + [root(middle, high)]
    return path(index, middle, high) + [root(low, middle)]


def subproof(old, low, high, known):
    if old == high:
        return [] if known else [root(low, high)]
    middle = low + split(high - low)
    if old <= middle:
        return subproof(old, low, middle, known) + [root(middle, high)]
    return subproof(old, middle, high, False) + [root(low, middle)]


def peaks(size):
    found, low = [], 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            found.append(root(low, low + (1 << bit)))
            low += 1 << bit
    return found


def checkpoint(size):
    return f"{ORIGIN}\n{size}\n{b64(root(0, size))}\n"


def notes():
    text, other = checkpoint(7), checkpoint(8)
    whole = text + "\n" + LOG.line(text) + TPM.line(text) + "".join(k.line(text) for k in OPERATORS[:2])
    both = text + "\n" + LOG.line(text) + TPM.line(text)
    der, cosigned = TPM.blob(text), OPERATORS[0].blob(text)
    all_keys = ["log", "tpm", "alice", "bo", "cy"]

    def good(name, note, known, signed):
        return {"name": name, "note": note, "known": known, "signed": signed}

    def bad(name, note, why, known=None):
        return {"name": name, "note": note, "known": known or all_keys, "refused": why}

    def with_lines(*lines):
        return text + "\n" + "".join(lines)

    alice = OPERATORS[0]
    late = struct.pack(">Q", SECONDS + 1) + cosigned[8:]
    return [
        good("all four", whole, all_keys, ["log", "tpm", "alice", "bo"]),
        good("one of four is known", whole, ["tpm"], ["tpm"]),
        good("unknown keys are passed over", with_lines(STRANGER.line(text), LOG.line(text)), ["log"], ["log"]),
        good("the text has a blank line", "a\n\nb\n\n" + LOG.line("a\n\nb\n"), ["log"], ["log"]),
        good("sixteen lines", with_lines(*[STRANGER.line(text)] * 15, LOG.line(text)), ["log"], ["log"]),
        bad("no known key", whole, "unknown", ["cy"]),
        bad("another text", both.replace("\n7\n", "\n8\n"), "signature"),
        bad("of another checkpoint", other + "\n" + LOG.line(text), "signature"),
        bad("one good, one bad", with_lines(LOG.line(text), TPM.line(text, der[:-1] + bytes([der[-1] ^ 1]))), "signature"),
        bad("a byte after the DER", with_lines(TPM.line(text, der + b"\x00")), "signature"),
        bad("another time", with_lines(alice.line(text, late)), "signature"),
        bad("no time", with_lines(alice.line(text, cosigned[8:])), "signature"),
        bad("type 0x01 under a key of type 0x04", with_lines(alice.line(text, alice.key.sign(text.encode()))), "signature"),
        bad("no blank line", text + LOG.line(text), "form"),
        bad("no signature", text + "\n", "form"),
        bad("no line feed at the end", whole[:-1], "form"),
        bad("carriage returns", whole.replace("\n", "\r\n"), "form"),
        bad("a tab in the text", whole.replace("7", "\t7", 1), "form"),
        bad("a hyphen for the dash", whole.replace("\u2014", "-"), "form"),
        bad("no padding", with_lines(f"\u2014 {ORIGIN} {b64(LOG.id + bytes(64))[:-1]}\n"), "form"),
        bad("words after the signatures", whole + "words\n", "form"),
        bad("a key of fewer than five bytes", with_lines(f"\u2014 {ORIGIN} {b64(LOG.id)}\n"), "form"),
        bad("101 lines", with_lines(*[LOG.line(text)] * 101), "form"),
    ]


def checkpoints():
    text = checkpoint(7)
    digest = text.split("\n")[2]
    empty = f"{ORIGIN}\n0\n{b64(sha(b''))}\n"
    spoilt = {
        "two lines": f"{ORIGIN}\n7\n",
        "an extension line": text + "more\n",
        "no line feed at the end": text[:-1],
        "a leading zero": text.replace("\n7\n", "\n07\n"),
        "a sign": text.replace("\n7\n", "\n+7\n"),
        "a size of 2^63": text.replace("\n7\n", f"\n{1 << 63}\n"),
        "a root of 31 bytes": text.replace(digest, b64(bytes(31))),
        "bits after the end of the root": text.replace(digest, "A" * 42 + "B="),
        "a root in the other alphabet": text.replace(digest, "-" * 42 + "8="),
        "no origin": text[len(ORIGIN):],
        "a blank in the origin": text.replace("keeper-1", "keeper 1"),
        "an empty tree with a root": text.replace("\n7\n", "\n0\n"),
    }
    good = [{"text": text, "size": 7, "root": root(0, 7).hex()}, {"text": empty, "size": 0, "root": sha(b"").hex()}]
    return {"good": good, "bad": [{"name": name, "text": text} for name, text in spoilt.items()]}


def proofs():
    text = checkpoint(300)
    note = text + "\n" + LOG.line(text)
    inclusion = [(0, 1), (0, 7), (6, 7), (3, 8), (255, 256), (256, 257), (100, 300), (299, 300)]
    consistency = [(0, 7), (1, 2), (3, 7), (4, 7), (6, 7), (7, 7), (255, 256), (256, 300), (257, 300), (299, 300)]
    hexes = lambda found: [one.hex() for one in found]
    lines = lambda found: "".join(b64(one) + "\n" for one in found)
    return {
        "leaves": "leaf n is the text `entry n`, n in decimal",
        "inclusion": [
            {"index": i, "size": n, "leaf": leaf(i).hex(), "root": root(0, n).hex(), "proof": hexes(path(i, 0, n))}
            for i, n in inclusion
        ],
        "consistency": [
            {
                "old": m,
                "new": n,
                "old_root": root(0, m).hex(),
                "new_root": root(0, n).hex(),
                "peaks": hexes(peaks(m)),
                "proof": hexes(subproof(m, 0, n, True)) if m else [],
            }
            for m, n in consistency
        ],
        "consistency_file": f"old 257\n{lines(subproof(257, 0, 300, True))}\n{note}",
        "inclusion_file": f"c2sp.org/tlog-proof@v1\nindex 100\n{lines(path(100, 0, 300))}\n{note}",
        "frontier": {"size": 257, "text": lines(peaks(257))},
    }


def policies():
    head = f"# What the auditor relies on.\nlog {LOG.vkey()}\n"
    head += "".join(f"witness {who} {key.vkey()}\n" for who, key in zip(PEOPLE, OPERATORS))
    two = head + "group two-of-three 2 alice bo cy\nquorum two-of-three\n"
    nested = head + "group either any alice bo\ngroup both all either cy\nquorum both\n"
    enough = lambda policy, cosigned, is_enough: {"policy": policy, "cosigned": cosigned, "enough": is_enough}
    spoilt = {
        "no quorum": head,
        "two quorums": head + "quorum none\nquorum none\n",
        "an unknown member": head + "group g any dee\nquorum g\n",
        "a group that comes later": head + "quorum g\ngroup g any alice\n",
        "0 of 2": head + "group g 0 alice bo\nquorum g\n",
        "3 of 2": head + "group g 3 alice bo\nquorum g\n",
        "a member twice": head + "group g 2 alice alice\nquorum g\n",
        "a member of two groups": head + "group g any alice\ngroup h any alice\nquorum h\n",
        "a name twice": head + "group alice any bo\nquorum alice\n",
        "a key twice": head + f"witness dee {OPERATORS[0].vkey()}\nquorum dee\n",
        "a log's key as a witness": head + f"witness dee {STRANGER.vkey()}\nquorum dee\n",
        "a key with another id": head + f"log {STRANGER.vkey().replace(STRANGER.id.hex(), '00000000')}\nquorum none\n",
    }
    return {
        "evaluated": [
            enough(head + "quorum none\n", [], True),
            enough(two, ["alice"], False),
            enough(two, ["alice", "alice"], False),
            enough(two, ["alice", "cy"], True),
            enough(nested, ["alice", "bo"], False),
            enough(nested, ["bo", "cy"], True),
        ],
        "refused": [{"name": name, "policy": policy} for name, policy in spoilt.items()],
    }


named = {"log": LOG, "tpm": TPM, "bundle": BUNDLE, **dict(zip(PEOPLE, OPERATORS)), "stranger": STRANGER}
save("keys.json", {name: key.as_json() for name, key in named.items()})
save("notes.json", notes())
save("checkpoints.json", checkpoints())
save("proofs.json", proofs())
save("policies.json", policies())
save(
    "cosignature.json",
    {
        "key": "alice",
        "seconds": SECONDS,
        "text": checkpoint(7),
        "signed": f"cosignature/v1\ntime {SECONDS}\n{checkpoint(7)}",
        "blob": OPERATORS[0].blob(checkpoint(7)).hex(),
        "line": OPERATORS[0].line(checkpoint(7)),
    },
)
