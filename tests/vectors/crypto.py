#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A second implementation of what crypto/ builds, written from the specifications in plain Python.

It shares no code with the C library and uses nothing but hashlib's BLAKE2b and SHA-512 (and, for
one figure, the argon2 command), so that a mistake in either shows as a difference. Its output,
crypto.json, is the project's own set of figures for other implementers; tests/vectors/own.c checks
the library against it.

Usage: crypto.py > crypto.json
"""
import hashlib
import json
import struct
import subprocess
import sys

# ---- BLAKE2b ------------------------------------------------------------------------------------


def h(context, data):
    return hashlib.blake2b(data, digest_size=32, person=context.encode()).digest()


def kdf(key, context, data):
    return hashlib.blake2b(data, digest_size=32, key=key, person=context.encode()).digest()


# ---- ChaCha20, Poly1305, RFC 8439; HChaCha20, draft-irtf-cfrg-xchacha-03 -------------------------

M32 = 0xFFFFFFFF


def rotate(v, n):
    return (v << n | v >> (32 - n)) & M32


def rounds(state):
    x = list(state)

    def quarter(a, b, c, d):
        x[a] = (x[a] + x[b]) & M32
        x[d] = rotate(x[d] ^ x[a], 16)
        x[c] = (x[c] + x[d]) & M32
        x[b] = rotate(x[b] ^ x[c], 12)
        x[a] = (x[a] + x[b]) & M32
        x[d] = rotate(x[d] ^ x[a], 8)
        x[c] = (x[c] + x[d]) & M32
        x[b] = rotate(x[b] ^ x[c], 7)

    for _ in range(10):
        for i in range(4):
            quarter(i, i + 4, i + 8, i + 12)
        for i in range(4):
            quarter(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12)
    return x


def chacha_state(key, tail):
    return list(struct.unpack("<4I8I4I", b"expand 32-byte k" + key + tail))


def chacha_block(key, counter, nonce):
    state = chacha_state(key, struct.pack("<I", counter) + nonce)
    return struct.pack("<16I", *((a + b) & M32 for a, b in zip(rounds(state), state)))


def chacha(key, nonce, data):
    out = bytearray()
    for i in range(0, len(data), 64):
        block = chacha_block(key, 1 + i // 64, nonce)
        out += bytes(a ^ b for a, b in zip(data[i:i + 64], block))
    return bytes(out)


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    acc = 0
    for i in range(0, len(data), 16):
        acc = (acc + int.from_bytes(data[i:i + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((acc + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def seal(key, nonce, plain, ad):
    cipher = chacha(key, nonce, plain)
    pad = lambda x: x + bytes(-len(x) % 16)
    mac = pad(ad) + pad(cipher) + struct.pack("<QQ", len(ad), len(cipher))
    return cipher + poly1305(chacha_block(key, 0, nonce)[:32], mac)


def xseal(key, nonce, plain, ad):
    x = rounds(chacha_state(key, nonce[:16]))
    return seal(struct.pack("<8I", *(x[:4] + x[12:])), bytes(4) + nonce[16:], plain, ad)


# ---- X25519, RFC 7748 ---------------------------------------------------------------------------

P = 2**255 - 19


def x25519(secret, point):
    k = int.from_bytes(secret, "little") & (2**254 - 8) | 2**254
    x1 = int.from_bytes(point, "little") % 2**255
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if swap != bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a % P, c * b % P, a * a % P, b * b % P
        e = aa - bb
        x3, z3 = (da + cb)**2 % P, x1 * (da - cb)**2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def x25519_public(secret):
    return x25519(secret, (9).to_bytes(32, "little"))


# ---- Ed25519, RFC 8032 --------------------------------------------------------------------------

L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, i = b - a, d - c, d + c, b + a
    return e * f % P, g * i % P, f * g % P, e * i % P


def times(s, p):
    q = (0, 1, 1, 0)
    while s:
        if s & 1:
            q = add(q, p)
        p, s = add(p, p), s >> 1
    return q


def base_point():
    y = 4 * pow(5, P - 2, P) % P
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    x = P - x if x & 1 else x
    return x, y, 1, x * y % P


BASE = base_point()


def compress(p):
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def sha512_scalar(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def ed25519(seed, message):
    digest = hashlib.sha512(seed).digest()
    a = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
    public = compress(times(a, BASE))
    r = sha512_scalar(digest[32:], message) % L
    big_r = compress(times(r, BASE))
    s = (r + sha512_scalar(big_r, public, message) * a) % L
    return public, big_r + s.to_bytes(32, "little")


# ---- what crypto/ builds from them --------------------------------------------------------------


def fill(start, count):
    return bytes((start + i) % 256 for i in range(count))


def statement(context, federation, digest):
    return context.encode().ljust(16, b"\0") + federation + digest


def fingerprint(key):
    digest = h("fingerprint", key)
    groups = (digest[i:i + 5] for i in range(0, 30, 5))
    return " ".join("%05d" % (int.from_bytes(g, "big") % 100000) for g in groups)


def id_text(data):
    number = int.from_bytes(data, "big") << 4
    return "".join("abcdefghijklmnopqrstuvwxyz234567"[number >> 5 * i & 31]
                   for i in reversed(range(52)))


def padme(n):
    if n < 2:
        return n
    e = n.bit_length() - 1
    cut = e - e.bit_length()
    return (n + (1 << cut) - 1) >> cut << cut


def payload(content, key, ad, nonce19):
    plain = struct.pack("<I", len(content)) + content
    plain = plain.ljust(padme(len(plain)), b"\0")
    chunks = [plain[i:i + 65536] for i in range(0, len(plain), 65536)]
    out = nonce19
    for i, chunk in enumerate(chunks):
        last = bytes([i == len(chunks) - 1])
        out += xseal(key, nonce19 + struct.pack("<I", i) + last, chunk, ad)
    return out


def payload_hash(data):
    cuts = [0, *range(65571, len(data), 65552), len(data)]
    if len(cuts) == 2:
        return h("payload", data), []
    hashes = [h("chunk", data[a:b]) for a, b in zip(cuts, cuts[1:])]
    return h("chunks", struct.pack("<Q", len(data)) + b"".join(hashes)), hashes


def stretch(passphrase, salt, memory_kib, passes):
    line = ["argon2", salt.decode(), "-id", "-v", "13", "-k", str(memory_kib), "-t", str(passes),
            "-p", "1", "-l", "32", "-r"]
    text = subprocess.run(line, input=passphrase, capture_output=True, check=True).stdout
    return bytes.fromhex(text.decode().strip())


def keyfile(kind, lock, secret, salt, nonce, **key):
    memory, passes = key.get("memory_kib", 0), key.get("passes", 0)
    header = b"toc-key\n" + bytes([1, kind, lock, 0]) + struct.pack("<II", memory, passes) + salt
    base = key["raw"] if "raw" in key else stretch(key["passphrase"], salt, memory, passes)
    return header + nonce + xseal(kdf(base, "key-file", header), nonce, secret, header + nonce)


def wrap(scope, ephemeral_secret, recipient, secret):
    group, parent, ephemeral = scope
    key = kdf(x25519(ephemeral_secret, recipient), "wrap", group + parent + ephemeral + recipient)
    return b"\1" + recipient[:4] + seal(key, bytes(12), secret, b"")


def rekey(key):
    return seal(key, bytes(4) + b"\xff" * 8, bytes(32), b"")[:32]


# ---- the figures --------------------------------------------------------------------------------


def main():
    federation, group, log_key = fill(1, 32), fill(33, 32), fill(65, 32)
    digest, seed = fill(97, 32), fill(129, 32)
    f, e, parent, log = fill(2, 32), fill(34, 32), fill(66, 32), fill(98, 32)
    k = kdf(f, "epoch", group + parent + e)
    ephemeral_secret, recipient_secret = fill(3, 32), fill(35, 32)
    ephemeral, recipient = x25519_public(ephemeral_secret), x25519_public(recipient_secret)
    author, ad, nonce19 = kdf(k, "author", log), fill(5, 77), fill(200, 19)
    salt, nonce24, store_key = b"0123456789abcdef", fill(70, 24), fill(7, 32)

    def payload_row(size):
        content = fill(11, size)
        sealed = payload(content, author, ad, nonce19)
        root, hashes = payload_hash(sealed)
        row = {"content_bytes": size, "payload_bytes": len(sealed), "payload_hash": root}
        if len(sealed) < 256:
            row["payload"] = sealed
        if hashes:
            row["chunk_hashes"] = hashes
        return row

    figures = {
        "about": "Figures of crypto/DESIGN.md's constructions; bytes in hex; fill(a, n) is n bytes "
                 "counting up from a. Made by crypto.py.",
        "hash": [{"context": c, "data": d, "out": h(c, d)}
                 for c in ("header", "F", "epoch-record") for d in (b"", fill(0, 3), fill(9, 300))],
        "derive": [{"context": c, "key": seed, "data": d, "out": kdf(seed, c, d)}
                   for c in ("psk", "gate-tag", "store") for d in (b"", fill(0, 3), fill(9, 300))],
        "sign": [dict(zip(("public_key", "sig"), ed25519(seed, statement(c, federation, digest))),
                      context=c, seed=seed, federation=federation, hash=digest)
                 for c in ("sign header", "sign bulletin")],
        "ids": {"org_key": log_key, "org": h("org", log_key), "fingerprint": fingerprint(log_key),
                "federation": federation, "all": h("all", federation), "group": group,
                "log_key": log_key, "log": h("log", federation + group + log_key),
                "id": digest, "id_text": id_text(digest)},
        "epoch": {"f": f, "group": group, "parent": parent, "e": e, "k": k,
                  "commitment": h("commit", k), "log": log, "author_key": author},
        "tag": {"k": k, "group": group, "tag_key": seed, "ad": ad,
                "sealed": seal(kdf(k, "tag", group), bytes(12), seed, ad)},
        "wrap": {"group": group, "parent": parent, "ephemeral_secret": ephemeral_secret,
                 "ephemeral": ephemeral, "recipient_secret": recipient_secret,
                 "recipient": recipient, "secret": e,
                 "wrap": wrap((group, parent, ephemeral), ephemeral_secret, recipient, e)},
        "padme": [{"len": n, "padded": padme(n)}
                  for n in (0, 1, 2, 3, 4, 8, 9, 100, 1000, 65535, 65537, 1000000, 16777215)],
        "payload": {"author_key": author, "ad": ad, "nonce": nonce19, "content_start": 11,
                    "rows": [payload_row(n) for n in (0, 1, 100, 65532, 65533, 131069, 200000)]},
        "rest": {"store_key": store_key, "purpose": b"epoch", "nonce": nonce24, "plain": digest,
                 "sealed": nonce24 + xseal(kdf(store_key, "store", b"epoch"), nonce24, digest,
                                           b"")},
        "rekey": {"key": seed, "out": rekey(seed)},
        "keyfile": [
            {"kind": 1, "lock": 1, "unlock": store_key, "salt": salt, "nonce": nonce24,
             "secret": fill(20, 128),
             "file": keyfile(1, 1, fill(20, 128), salt, nonce24, raw=store_key)},
            {"kind": 2, "lock": 3, "unlock": store_key, "salt": salt, "nonce": nonce24,
             "secret": seed, "file": keyfile(2, 3, seed, salt, nonce24, raw=store_key)},
            {"kind": 3, "lock": 2, "unlock": b"correct horse", "salt": salt, "nonce": nonce24,
             "memory_kib": 64, "secret": seed,
             "file": keyfile(3, 2, seed, salt, nonce24, passphrase=b"correct horse",
                             memory_kib=64, passes=3)},
        ],
    }
    json.dump(figures, sys.stdout, indent=1, default=bytes.hex)
    print()


if __name__ == "__main__":
    main()
