"""Makes the vectors of this folder with other code than the one they test.

Needs Python 3.9 and the package `cryptography` (44 or later). Prints nothing; writes the files beside it.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import struct

from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

HERE = pathlib.Path(__file__).parent
RAW = (ser.Encoding.Raw, ser.PublicFormat.Raw)


def save(name, value):
    (HERE / name).write_text(json.dumps(value, indent=2) + "\n")


def b64(data):
    return base64.b64encode(data).decode()


def text(value):
    return struct.pack(">Q", len(value)) + value.encode()


def hkdf(salt, ikm, info, length):
    prk = hmac.digest(salt, ikm, "sha256")
    out, block, n = b"", b"", 1
    while len(out) < length:
        block = hmac.digest(prk, block + info + bytes([n]), "sha256")
        out, n = out + block, n + 1
    return out[:length]


def hchacha20(key, nonce16):
    def rotate(v, c):
        return ((v << c) & 0xFFFFFFFF) | (v >> (32 - c))

    s = list(struct.unpack("<16L", b"expand 32-byte k" + key + nonce16))

    def quarter(a, b, c, d):
        for x, y, z, r in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            s[z] = rotate(s[z] ^ s[x], r)

    for _ in range(10):
        for i in range(4):
            quarter(i, i + 4, i + 8, i + 12)
        for i in range(4):
            quarter(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12)
    return struct.pack("<8L", *(s[:4] + s[12:]))


def xchacha(key, nonce, plaintext, aad):
    sub = hchacha20(key, nonce[:16])
    return ChaCha20Poly1305(sub).encrypt(b"\0" * 4 + nonce[16:], plaintext, aad)


def x_public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(*RAW)


def ed_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(*RAW)


def words_of(data):
    bits = int.from_bytes(data, "big") << (-len(data) * 8 % 5)
    count = (len(data) * 8 + 4) // 5
    return [bits >> 5 * (count - 1 - i) & 31 for i in range(count)]


def check_words(words, constant):
    """The BCH code of BIP 173 (constant 1) and BIP 350 (0x2bc830a3)."""
    generator, check = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3), 1
    for value in words + [0] * 6:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i in range(5):
            check ^= generator[i] if top >> i & 1 else 0
    return [(check ^ constant) >> 5 * (5 - i) & 31 for i in range(6)]


def bech32(prefix, data):
    alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    words = words_of(data)
    return prefix + "1" + "".join(alphabet[w] for w in words + check_words(expanded + words, 1))


def gf_multiply(a, b):
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a, b = (a << 1 ^ (0x11B if a & 0x80 else 0)), b >> 1
    return product


def point(polynomials, x):
    """The values at x of polynomials over GF(2^8), lowest coefficient first."""
    def value(coefficients):
        result = 0
        for c in reversed(coefficients):
            result = gf_multiply(result, x) ^ c
        return result

    return bytes(value(coefficients) for coefficients in polynomials)


def envelope():
    t, q, salt, nonce = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32, bytes(range(24))
    name, generation, kind, plaintext = "racf/prod01", 7, "password", b"hunter2"
    info = b"portcullis/v1/credential" + text(name) + struct.pack(">L", generation)
    key = hkdf(salt, t + q, info, 32)
    aad = b"portcullis/envelope/v1\n" + text(name) + struct.pack(">L", generation) + text(kind)
    save("envelope.json", {
        "t": t.hex(), "q": q.hex(), "salt": salt.hex(), "credential": name, "generation": generation,
        "kind": kind, "plaintext": plaintext.hex(), "data_key": key.hex(),
        "envelope": {"nonce": b64(nonce), "ciphertext": b64(xchacha(key, nonce, plaintext, aad))},
    })


def share():
    blinding, value = b"\x0b" * 16, b"\x5a" * 32
    data = b"portcullis/share/v1\n" + text("vault-1") + text("racf/prod01") + struct.pack(">L", 7)
    data += text("alice") + bytes([2]) + struct.pack(">L", 3) + blinding + value
    save("share.json", {
        "appliance": "vault-1", "credential": "racf/prod01", "generation": 7, "operator": "alice",
        "index": 2, "k": 3, "bytes": data.hex(), "digest": hashlib.sha256(data).hexdigest(),
    })


def signatures():
    seed, request, checkpoint = b"\x11" * 32, '{"id":"7K2M"}', "portcullis/vault-1\n3\nAAAA\n"
    key = Ed25519PrivateKey.from_private_bytes(seed)
    cosigned = b"cosignature/v1\ntime 1700000000\n" + checkpoint.encode()
    save("signatures.json", {
        "public": ed_public(seed).hex(), "request": request, "checkpoint": checkpoint, "seconds": 1700000000,
        "approval": key.sign(b"portcullis/approval/v1\n" + request.encode()).hex(),
        "cosignature": key.sign(cosigned).hex(),
    })


def key_file():
    passphrase, salt, nonce = "correct horse", b"\x21" * 16, b"\x22" * 24
    age, noise, approval, cosign = (bytes([n]) * 32 for n in (0x31, 0x32, 0x33, 0x34))
    fields = {
        "version": 1, "id": "alice", "kdf": {"name": "argon2id", "m_kib": 65536, "t": 3, "p": 4},
        "salt": b64(salt), "nonce": b64(nonce),
        "public": {"age": bech32("age", x_public(age)), "noise": x_public(noise).hex(),
                   "approval": ed_public(approval).hex(), "cosign": ed_public(cosign).hex()},
        "keeper": "41" * 32, "appliance": "vault-1", "roster": "42" * 32,
    }
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    key = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=65536).derive(passphrase.encode())
    aad = b"portcullis/key-file/v1\n" + canonical.encode()
    fields["box"] = b64(xchacha(key, nonce, age + noise + approval + cosign, aad))
    save("key_file.json", {
        "passphrase": passphrase, "noise_secret": noise.hex(), "derived": key.hex(), "file": fields})


class Noise:
    """Noise_IK_25519_ChaChaPoly_SHA256, as in revision 34 of the specification."""

    def __init__(self, keeper_public):
        self.h = self.ck = b"Noise_IK_25519_ChaChaPoly_SHA256"
        self.k, self.n = None, 0
        self.mix_hash(b"portcullis/operator/v1")
        self.mix_hash(keeper_public)

    def mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def mix_key(self, secret, public):
        shared = X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(public))
        both = hkdf(self.ck, shared, b"", 64)
        self.ck, self.k, self.n = both[:32], both[32:], 0

    def seal(self, data):
        out = ChaCha20Poly1305(self.k).encrypt(b"\0" * 4 + struct.pack("<Q", self.n), data, self.h)
        self.n += 1
        self.mix_hash(out)
        return out


def channel():
    own, keeper, e_own, e_keeper = (bytes([n]) * 32 for n in (0x51, 0x52, 0x53, 0x54))
    noise = Noise(x_public(keeper))
    noise.mix_hash(x_public(e_own))
    noise.mix_key(e_own, x_public(keeper))
    hello = x_public(e_own) + noise.seal(x_public(own))
    noise.mix_key(own, x_public(keeper))
    hello += noise.seal(b"")
    noise.mix_hash(x_public(e_keeper))
    noise.mix_key(e_keeper, x_public(e_own))
    noise.mix_key(e_keeper, x_public(own))
    reply = x_public(e_keeper) + noise.seal(b"")
    keys = hkdf(noise.ck, b"", b"", 64)
    message = b'{"v":1}'
    content = struct.pack(">L", len(message)) + message
    records = [ChaCha20Poly1305(k).encrypt(b"\0" * 12, content, b"") for k in (keys[:32], keys[32:])]
    save("channel.json", {
        "operator": own.hex(), "keeper": keeper.hex(), "operator_ephemeral": e_own.hex(),
        "keeper_ephemeral": e_keeper.hex(), "hello": hello.hex(), "reply": reply.hex(),
        "message": message.decode(), "record_to_keeper": records[0].hex(), "record_to_operator": records[1].hex(),
    })


def recovery():
    secret, k, n = bytes(range(0x61, 0x81)), 3, 5
    one, two = hashlib.sha256(b"one").digest(), hashlib.sha256(b"two").digest()
    public = x_public(secret)
    digest = hashlib.sha256(b"portcullis/recovery-set/v1\n" + public).digest()
    tag = [int.from_bytes(digest[:4], "big") >> 12 >> s & 31 for s in (15, 10, 5, 0)]

    def printed(index):
        body = tag + words_of(point(list(zip(secret, one, two)), index))
        body += check_words([index, n, k] + body, 0x2BC830A3)
        letters = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[w] for w in body)
        groups = [letters[i:i + 4] for i in range(0, 56, 4)] + [letters[56:]]
        return f"PORTCULLIS-SHARE {index}/{n} k={k} " + " ".join(groups)

    save("recovery.json", {
        "secret": secret.hex(), "recipient": bech32("age", public), "shares": [printed(i + 1) for i in range(n)]})


for make in (envelope, share, signatures, key_file, channel, recovery):
    make()
