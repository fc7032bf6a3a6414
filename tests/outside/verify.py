"""Verifies what notes and trees do not say: the entries of unpacked bundles, who approved, and what the chip said.

Written from docs/formats.md alone, with the standard library of Python and `openssl` for Ed25519. Signatures of
notes, roots and digests of files are verified elsewhere (verify.go, VERIFY.txt).

Usage: verify.py FOLDER...    bundles in order, each going on from the one before it
"""

import hashlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

NOT_ANCHORED = {"stopped", "delivered", "shown", "chip-says", "refused", "passphrase-failed", "cosigned"}
SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")


def must(holds, what):
    if not holds:
        sys.exit(f"this does not hold: {what}")


def sha256(data):
    return hashlib.sha256(data).digest()


def canonical(value):
    """RFC 8785 for what is in a log: no fractions, and keys of ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read(line, what):
    value = json.loads(line)
    must(canonical(value) == line, f"{what} is canonical")
    return value


def verifies(key, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        files = {"key": SPKI_ED25519 + bytes.fromhex(key), "message": message, "signature": bytes.fromhex(signature)}
        for name, data in files.items():
            pathlib.Path(folder, name).write_bytes(data)
        command = "openssl pkeyutl -verify -pubin -keyform DER -inkey key -rawin -in message -sigfile signature"
        return subprocess.run(command.split(), cwd=folder, capture_output=True, check=False).returncode == 0


class Bytes:
    """Fields of a structure of the chip, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        must(self.at <= len(self.data), "the structure is long enough")
        return self.data[self.at - count:self.at]

    def sized(self, order="big"):
        return self.take(int.from_bytes(self.take(2), order))

    def end(self):
        must(self.at == len(self.data), "nothing follows the structure")


class Log:
    """What goes on from one bundle to the next."""

    def __init__(self):
        self.size, self.epoch, self.last, self.time, self.docs = 0, None, 0, None, {}

    def entry(self, line, people, policy):
        entry = read(line, f"entry {self.size}")
        must(entry["v"] == 1 and entry["seq"] == self.size, f"entry {self.size} is in its place")
        must(entry["ts"] >= self.last, f"entry {self.size} is not before the one before it")
        kind, detail = entry["type"], entry.get("detail")
        expected = entry["epoch"] if self.epoch is None else self.epoch + (kind not in NOT_ANCHORED)
        must(entry["epoch"] == expected, f"entry {self.size} is in its epoch")
        self.last, self.epoch = entry["ts"], entry["epoch"]
        if kind == "requested":
            must(detail["doc"]["policy"] == policy, f"entry {self.size} names the policy")
            self.docs[detail["doc"]["id"]] = detail["doc"]
        elif kind == "started":
            for request, nonce in detail["voided"].items():
                self.docs[request]["nonce"] = nonce
        elif kind == "arm-failed":
            self.docs[detail["request"]]["nonce"] = detail["nonce"]
        elif kind == "approved":
            request, operator = self.docs[detail["request"]], detail["operator"]
            must(request["requester"] != f"operator:{operator}", f"entry {self.size} is no approval of one's own")
            statement = {"operator": operator, "verdict": "approve", "request": request}
            statement.update(window=detail["window"], pulls=detail["pulls"])
            message = b"portcullis/approval/v1\n" + canonical(statement)
            key = people[request["roster"]][operator]["approval"]
            must(verifies(key, message, detail["signature"]), f"entry {self.size} is signed by {operator}")
        self.size += 1
        return kind

    def quote(self, folder, register):
        said = Bytes((folder / "quote/quote.msg").read_bytes())
        must(said.take(6).hex() == "ff5443478018", "the chip made a quote")
        name = b"\0\x0b" + sha256(bytes.fromhex(register["keys"]["attestation"]))
        must(said.sized() == b"\0\x0b" + sha256(bytes.fromhex("4000000b") + name), "the attestation key signed")
        text = (folder / "checkpoint").read_bytes().split(b"\n\n")[0] + b"\n"
        must(said.sized() == sha256(text), "the chip was told the checkpoint")
        clock, resets, restarts, _safe, _firmware = struct.unpack(">QIIBQ", said.take(25))
        must(said.take(7).hex() == "00000001000b03", "one bank of SHA-256")
        bits, digest = said.take(3), said.sized()
        said.end()
        must(digest.hex() == register["pcr_digest"], "the registers are those of set-up")
        must(sha256(b"".join(registers(folder, bits))) == digest, "the values are those of the quote")
        if self.time is not None:
            before = self.time
            must(resets >= before[0] and (resets > before[0] or clock > before[2]), "the chip's time goes on")
        self.time = (resets, restarts, clock)


def registers(folder, bits):
    file = Bytes((folder / "quote/quote.pcrs").read_bytes())
    must(file.take(7) == b"\x01\0\0\0\x0b\0\x03" and file.take(3) == bits, "the file has the registers of the quote")
    must(not any(file.take(2 + 15 * 8)), "no other bank")
    values = []
    for _ in range(int.from_bytes(file.take(4), "little")):
        count = int.from_bytes(file.take(4), "little")
        places = [(int.from_bytes(file.take(2), "little"), file.take(64)) for _ in range(8)]
        must(all(length == (32 if at < count else 0) for at, (length, _) in enumerate(places)), "values of 32 bytes")
        values += [value[:32] for length, value in places if length]
    file.end()
    return values


def bundle(log, folder):
    old, new = map(int, (folder / "MANIFEST").read_text().split("\n")[1].split(" ")[1:])
    must(old == log.size, f"the bundle begins at {log.size}")
    people, previous = {}, "0" * 64
    for signed in json.loads((folder / "rosters.json").read_bytes()):
        must(signed["previous"] == previous, "each roster names the one before it")
        message = b"portcullis/roster/v1\n" + canonical({"previous": previous, "roster": signed["roster"]})
        previous = sha256(message).hex()
        people[previous] = {person["id"]: person for person in signed["roster"]["operators"]}
        for operator, signature in signed["signatures"].items():
            must(verifies(people[previous][operator]["approval"], message, signature), f"{operator} signed the roster")
    policy = sha256((folder / "policy.txt").read_bytes()).hex()
    for line in (folder / "open-requests.ndjson").read_bytes().split(b"\n")[:-1]:
        request = read(line, "an open request")
        must(old == 0 or log.docs.get(request["id"]) == request, f"request {request['id']} is as it was left")
    kinds = [log.entry(line, people, policy) for line in (folder / "entries.ndjson").read_bytes().split(b"\n")[:-1]]
    must(log.size == new and kinds[-1] == "checkpoint", f"the bundle ends with the checkpoint of {new} entries")
    log.quote(folder, json.loads((folder / "keys/register.json").read_bytes()))
    print(f"entries {old} to {new}, {kinds.count('approved')} approvals, reset count {log.time[0]}")


if __name__ == "__main__":
    whole = Log()
    for path in sys.argv[1:]:
        bundle(whole, pathlib.Path(path))
