#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A second implementation of proto/PROTOCOL.md sections 2, 8 and 9, written from its text in Python.

It shares no code with the C library but the figures of crypto.py beside it, so that a mistake in
either, or in the text, shows as a difference. Its output, proto.json, is the project's own set of
figures for other implementers; tests/vectors/proto.c checks the library against it.

Usage: proto.py > proto.json
"""
import json
import math
import random
import struct
import sys

from crypto import ed25519, fill, h, payload_hash, statement

# ---- section 2: encoding ------------------------------------------------------------------------


class Raw(bytes):
    """An encoded value that stands as it is."""


def head(small, small_max, wide, size):
    """The shortest head: `small` | size, or the first form of `wide` (byte, width) that fits."""
    if small is not None and size <= small_max:
        return bytes([small | size])
    for byte, width in wide:
        if size < 1 << 8 * width:
            return bytes([byte]) + size.to_bytes(width, "big")
    raise ValueError("too large")


def encode_integer(value):
    if value >= 0:
        return head(0, 127, ((0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)), value)
    if value >= -32:
        return bytes([value & 0xFF])
    for byte, width in ((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8)):
        if value >= -(1 << 8 * width - 1):
            return bytes([byte]) + value.to_bytes(width, "big", signed=True)
    raise ValueError("too small")


def key_order(key):
    return (2, 0, key.encode()) if isinstance(key, str) else (key >= 0, key, b"")


def encode(value):
    if isinstance(value, Raw):
        return bytes(value)
    if value is None or isinstance(value, bool):
        return {None: b"\xc0", False: b"\xc2", True: b"\xc3"}[value]
    if isinstance(value, float) and not value.is_integer():
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, (int, float)):
        return encode_integer(int(value))
    if isinstance(value, str):
        text = value.encode()
        return head(0xA0, 31, ((0xD9, 1), (0xDA, 2), (0xDB, 4)), len(text)) + text
    if isinstance(value, bytes):
        return head(None, 0, ((0xC4, 1), (0xC5, 2), (0xC6, 4)), len(value)) + value
    if isinstance(value, list):
        items = b"".join(encode(item) for item in value)
        return head(0x90, 15, ((0xDC, 2), (0xDD, 4)), len(value)) + items
    pairs = b"".join(encode(k) + encode(value[k]) for k in sorted(value, key=key_order))
    return head(0x80, 15, ((0xDE, 2), (0xDF, 4)), len(value)) + pairs


class Refused(Exception):
    pass


FORMS = {  # byte: (type, width of the argument); the type "no" is outside the subset
    0xC0: ("nil", 0), 0xC2: ("bool", 0), 0xC3: ("bool", 0),
    0xC4: ("bin", 1), 0xC5: ("bin", 2), 0xC6: ("bin", 4), 0xCB: ("float", 8),
    0xCC: ("int", 1), 0xCD: ("int", 2), 0xCE: ("int", 4), 0xCF: ("int", 8),
    0xD0: ("signed", 1), 0xD1: ("signed", 2), 0xD2: ("signed", 4), 0xD3: ("signed", 8),
    0xD9: ("str", 1), 0xDA: ("str", 2), 0xDB: ("str", 4),
    0xDC: ("array", 2), 0xDD: ("array", 4), 0xDE: ("map", 2), 0xDF: ("map", 4),
}


def decode(data, at=0, depth=0):
    """The value at `at` and the place behind it; Refused breaks a rule of section 2."""
    def take(count):
        nonlocal at
        if count > len(data) - at:
            raise Refused("TRUNCATED")
        at += count
        return data[at - count:at]

    byte = take(1)[0]
    if byte < 0x80 or byte >= 0xE0:
        return (byte if byte < 0x80 else byte - 256), at
    kind, width = (("map", 0) if byte < 0x90 else ("array", 0) if byte < 0xA0 else
                   ("str", 0) if byte < 0xC0 else FORMS.get(byte, ("no", 0)))
    if kind == "no":
        raise Refused("MALFORMED")
    argument = int.from_bytes(take(width), "big", signed=kind == "signed")
    size = argument if width else byte & (0x1F if kind == "str" else 0x0F)
    if kind in ("nil", "bool"):
        return {0xC0: None, 0xC2: False, 0xC3: True}[byte], at
    if kind in ("int", "signed"):
        if encode_integer(argument) != data[at - 1 - width:at]:
            raise Refused("MALFORMED")
        return argument, at
    if kind == "float":
        value = struct.unpack(">d", data[at - 8:at])[0]
        whole = math.isfinite(value) and value.is_integer()
        if not math.isfinite(value) or (whole and -2**63 <= int(value) < 2**64):
            raise Refused("MALFORMED")
        return value, at
    shortest = {"str": (32, 256, 1 << 16), "bin": (0, 256, 1 << 16)}.get(kind, (0, 16, 1 << 16))
    if width and size < shortest[(1, 2, 4).index(width)]:
        raise Refused("MALFORMED")
    if kind in ("str", "bin"):
        body = take(size)
        if kind == "bin":
            return bytes(body), at
        try:
            return body.decode("utf-8"), at
        except UnicodeDecodeError:
            raise Refused("MALFORMED") from None
    if size * (2 if kind == "map" else 1) > len(data) - at:
        raise Refused("TRUNCATED")
    if depth == 16:
        raise Refused("LIMIT")
    if kind == "array":
        items = []
        for _ in range(size):
            item, at = decode(data, at, depth + 1)
            items.append(item)
        return items, at
    return decode_map(data, at, depth, size)


def decode_map(data, at, depth, size):
    pairs, last = {}, None
    for _ in range(size):
        key, at = decode(data, at, depth + 1)
        if isinstance(key, (bool, float, bytes, list, dict)) or key is None:
            raise Refused("MALFORMED")
        if last is not None and key_order(key) <= last:
            raise Refused("MALFORMED")
        last = key_order(key)
        pairs[key], at = decode(data, at, depth + 1)
    return pairs, at


def sound(data):
    try:
        value, at = decode(data)
    except Refused:
        return False
    if at != len(data):
        return False
    assert encode(value) == data, data.hex()
    return True


def noise_value(rng, depth):
    kind = rng.randrange(6 if depth == 0 else 8)
    if kind == 6:
        return [noise_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if kind == 7:
        keys = rng.sample([-300, -33, -1, 0, 7, 128, 70000, "", "a", "ab", "é"], rng.randrange(5))
        return {key: noise_value(rng, depth - 1) for key in keys}
    return [None, rng.random() < 0.5, rng.getrandbits(64) >> rng.randrange(64),
            -(rng.getrandbits(63) >> rng.randrange(63)), rng.choice(["", "naïve", "x" * 40]),
            bytes(rng.randrange(256) for _ in range(rng.randrange(5)))][kind]


def codec_rows(count):
    """Sound records and, of each, one with a byte changed: whether it is sound still."""
    rng = random.Random(1)
    for _ in range(count):
        data = encode(noise_value(rng, 3))
        yield {"bytes": data, "sound": sound(data)}
        changed = bytearray(data)
        changed[rng.randrange(len(data))] = rng.randrange(256)
        yield {"bytes": bytes(changed), "sound": sound(bytes(changed))}


# ---- section 8: logs ----------------------------------------------------------------------------


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def header(entry, log, seq, prev):
    version = entry.get("version", 1)
    fixed = struct.pack("<HHBBBB", version, 144 + len(entry.get("new", b"")), entry["kind"],
                        entry["class"], entry["tlp"], 0)
    payload = entry["payload"]
    return (fixed + log + struct.pack("<Q", seq) + prev +
            struct.pack("<IIQ", len(payload), entry["expiry"], entry["ms"]) + entry["epoch"] +
            payload_hash(payload)[0] + entry.get("new", b""))


def checkpoints(lengths):
    """The numbers at which blocks end."""
    ends, open_bytes = [], 0
    for seq, length in enumerate(lengths, 1):
        open_bytes += length
        if seq % 64 == 0 or open_bytes >= 262144:
            ends.append(seq)
            open_bytes = 0
    return ends


def grow(seed, federation, group, entries):
    """Headers, hashes and signatures of a log."""
    public = ed25519(seed, b"")[0]
    log = h("log", federation + group + public)
    prev = bytes(32)
    for seq, entry in enumerate(entries, 1):
        entry["seq"], entry["prev"], entry["log"] = seq, prev, log
        entry["header"] = header(entry, log, seq, prev)
        prev = entry["hash"] = h("header", entry["header"])
        entry["signature"] = ed25519(seed, statement("sign header", federation, prev))[1]
    return public, log


def range_entry(entry, state, with_payload):
    """One entry of a range; `state` holds the time and the epoch of those before."""
    payload = entry["payload"]
    detached = len(payload) > 65571 or (len(payload) > 0 and not with_payload)
    flags = 8 if detached else 0
    tail = b"" if detached else payload
    if entry.get("version", 1) != 1:
        whole = entry["header"]
        return bytes([flags | 1]) + struct.pack("<H", len(whole)) + whole + tail
    step = 0 if state["ms"] is None else entry["ms"] - state["ms"]
    if state["ms"] is None:
        state["base"] = entry["ms"]
    state["ms"] = entry["ms"]
    epoch = b""
    if entry["epoch"] == bytes(16):
        flags |= 4
    elif entry["epoch"] == state["epoch"]:
        flags |= 2
    else:
        epoch = state["epoch"] = entry["epoch"]
    if detached:
        tail = payload_hash(payload)[0]
    return (bytes([flags, entry["kind"], entry["class"] << 4 | entry["tlp"]]) + varint(step) +
            varint(entry["expiry"]) + varint(len(payload)) + epoch + tail)


def make_range(entries, with_payloads):
    first = entries[0]
    state = {"ms": None, "epoch": None, "base": 0}
    body = b"".join(range_entry(entry, state, with_payloads) for entry in entries)
    return (b"\1" + first["log"] + struct.pack("<Q", first["seq"]) + first["prev"] +
            struct.pack("<QH", state["base"], len(entries)) + body + entries[-1]["signature"])


def fork(a, b):
    """Evidence from the entries of two branches, the first of each being the disputed one."""
    low, high = sorted((a, b), key=lambda branch: branch[0]["hash"])
    first, second = make_range(low, False), make_range(high, False)
    return b"\1" + struct.pack("<I", len(first)) + first + second


def log_entries(count, twist):
    epochs = [bytes(16), fill(1, 16), fill(1, 16), fill(17, 16)]
    entries = []
    for i in range(count):
        size = [0, 1, 30, 200, 7, 66000][i % 6] if i != 5 else 65571
        entry = {"kind": 1 + i % 3, "class": i % 4, "tlp": i % 5, "expiry": [0, 24, 8760][i % 3],
                 "ms": 1764000000000 + 977 * i * i + twist, "epoch": epochs[i // 2 % 4],
                 "payload": fill(i + twist, size)}
        if i % 7 == 4:
            entry.update(version=2, new=fill(99, 17), kind=0, tlp=0, expiry=0, ms=0,
                         epoch=bytes(16))
            entry["class"] = 0
        entries.append(entry)
    return entries


# ---- section 9: bulletins -----------------------------------------------------------------------


def bulletins(federation, author):
    least = {-8: federation, -7: author, -6: fill(7, 16), -5: 7, -4: 1, 1: "Phishing"}
    full = {
        -8: federation, -7: author, -6: fill(9, 16), -5: 1, -4: 3, -3: 3, -2: True,
        -1: [{-2: 2, -1: fill(50, 32), 1: ["evil.example", "http://evil.example/ä"]},
             {-2: 9, -1: fill(51, 32), 2: "seized"}],
        1: "Wipers against the energy sector", 2: "# Summary\n\nNaïve, 東京, 𝄞.\n", 3: "en-GB",
        4: "CERTFR-2026-ALE-001", 5: 4, 6: 2, 7: 6, 8: 1764000000000, 9: 1795536000000,
        10: 86400000, 11: ["APT29", "Midnight Blizzard"], 12: ["Lumma"], 13: ["fr", "de"],
        14: ["energy"], 15: ["disruption"], 16: ["T1566.001"], 17: ["scripting"], 18: ["a", "b"],
        19: [{1: "ru", 2: "CERT-FR"}, {1: "unknown"}],
        20: [{1: "CVE-2026-1234", 2: 98, 3: True}, {1: "CVE-2026-1235", 2: 0}],
        21: [{1: "domain", 2: "evil.example", 3: "c2", 4: "seen", 5: 1, 6: 2, 7: 3, 8: 0},
             {1: "ip", 2: "2001:db8::1"}],
        22: [{1: "text/plain", 2: "note.txt", 3: fill(0, 300)}, {1: "application/pdf"}],
    }
    return [least, full]


def bulletin_row(fields, seed, federation):
    canonical = encode(fields)
    identity = h("bulletin", canonical)
    public, signature = ed25519(seed, statement("sign bulletin", federation, identity))
    return {"title": fields[1], "tlp": fields[-4], "canonical": canonical, "id": identity,
            "plaintext": public + signature + canonical}


def main():
    federation, group, seed = fill(1, 32), fill(33, 32), fill(65, 32)
    entries, branch = log_entries(14, 0), log_entries(14, 0)[:8] + log_entries(14, 1)[8:]
    public, log = grow(seed, federation, group, entries)
    grow(seed, federation, group, branch)
    rng = random.Random(2)
    lengths = [rng.choice([0, 900, 5000, 40000, 65571, 262143, 300000]) if rng.random() < 0.2
               else rng.randrange(3000) for _ in range(400)]
    places = [(1, 1), (1, 5), (2, 4), (5, 5), (3, 8), (1, 9), (8, 14), (10, 14)]
    shown = ("kind", "class", "tlp", "expiry", "ms", "epoch", "header", "hash", "signature")
    figures = {
        "about": "Figures of proto/PROTOCOL.md sections 2, 8 and 9; bytes in hex; the payload of an "
                 "entry is payload_bytes bytes counting up from payload_start. Made by proto.py.",
        "codec": list(codec_rows(150)),
        "log": {
            "seed": seed, "public_key": public, "federation": federation, "group": group,
            "log": log,
            "entries": [dict({key: entry[key] for key in shown}, payload_start=i,
                             version=entry.get("version", 1),
                             payload_bytes=len(entry["payload"]))
                        for i, entry in enumerate(entries)],
            "ranges": [{"first": first, "last": last, "payloads": False,
                        "bytes": make_range(entries[first - 1:last], False)}
                       for first, last in places] +
                      [{"first": first, "last": last, "payloads": True,
                        "bytes": make_range(entries[first - 1:last], True)}
                       for first, last in places if not first <= 6 <= last],
            "fork": fork(entries[8:14], branch[8:14]),
            "fork_hashes": sorted([entries[8]["hash"], branch[8]["hash"]]),
        },
        "blocks": {"payload_bytes": lengths, "ends": checkpoints(lengths)},
        "bulletins": [bulletin_row(fields, seed, federation)
                      for fields in bulletins(federation, fill(40, 32))],
    }
    json.dump(figures, sys.stdout, indent=1, default=bytes.hex, ensure_ascii=True)
    print()


if __name__ == "__main__":
    main()
