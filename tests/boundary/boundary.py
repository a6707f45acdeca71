#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The walls of the house, checked on what the build made and on the sources.

symbols   crypto and proto call nothing but memory and string functions, libsodium's pure functions,
          msgpack-c's packer and each other; they keep no writable globals. Every external name of
          every room begins with toc_.
includes  a room includes its own files, the public headers of rooms that its USES line reaches, and
          on the lower floors only headers of the language, libsodium and msgpack-c. No two rooms
          define one macro in their headers.
control   both checks are run on a room that breaks each rule; they must complain.

Usage: boundary.py symbols|includes|control ROOMS [COMPILER]
ROOMS is the file that the build writes: one "name path archive-or-dash uses..." a line.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

LOWER_FLOORS = ("crypto", "proto")
FLOOR_MAY_USE = {"crypto": ("crypto",), "proto": ("crypto", "proto"),
                 "node": ("crypto", "proto", "node")}

# What the lower floors may call. Everything absent is refused: clock, entropy, file, socket, heap.
PLAIN = re.compile(
    r"toc_\w+$"
    r"|mem(cpy|move|set|cmp|chr|rchr|mem)$|str(n?len|n?cmp|r?chr|n?cpy|spn|cspn|pbrk|str)$|bsearch$"
    r"|__mem(cpy|move|set)_chk$|__strn?cpy_chk$"
    r"|__stack_chk_fail$|_GLOBAL_OFFSET_TABLE_$"
    # Arithmetic helpers of the compiler on narrow processors.
    r"|__(u?div|u?mod|u?divmod|mul|popcount|clz|ctz|ash[lr]|lshr|bswap)[sdt]i[234]$")
SODIUM_PURE = re.compile(
    r"crypto_\w+$"
    r"|sodium_(memzero|memcmp|is_zero|increment|add|sub|compare|pad|unpad)$"
    r"|sodium_(bin2hex|hex2bin|bin2base64|base642bin|base64_encoded_len)$")
# Functions of libsodium that ask the system for entropy, mostly without saying so in their name.
SODIUM_ENTROPY = re.compile(
    r"crypto_\w+_(keygen|random)$|crypto_\w+(?<!_seed)_keypair$"
    r"|crypto_box_seal$|crypto_box_curve25519\w+_seal$"
    r"|crypto_secretstream_\w+_init_push$|crypto_pwhash\w*_str(_alg)?$")
# Secret memory belongs to the keys room alone.
SODIUM_MEMORY = re.compile(r"sodium_(malloc|allocarray|free|mprotect_\w+|m(un)?lock)$")
MSGPACK_PACKER = re.compile(r"msgpack_pack\w*$")

LANGUAGE_HEADERS = {"assert.h", "inttypes.h", "limits.h", "stdalign.h", "stdarg.h", "stdbool.h",
                    "stddef.h", "stdint.h", "stdnoreturn.h", "string.h"}
FLOOR_HEADERS = {"crypto": re.compile(r"sodium\.h$"),
                 "proto": re.compile(r"(sodium\.h|msgpack\.h|msgpack/\w+\.h)$")}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Room:
    def __init__(self, name, path, archive, uses):
        self.name, self.path, self.archive, self.uses = name, path, archive, uses
        self.floor = path.split("/")[0]


def read_rooms(listing):
    rooms = {}
    for line in pathlib.Path(listing).read_text().splitlines():
        name, path, archive, *uses = line.split()
        rooms[name] = Room(name, path, None if archive == "-" else archive, uses)
    return rooms


def allowed(room, symbol):
    if room.floor not in LOWER_FLOORS:
        return True
    if PLAIN.match(symbol):
        return True
    if SODIUM_PURE.match(symbol):
        return not SODIUM_ENTROPY.match(symbol)
    if SODIUM_MEMORY.match(symbol):
        return room.path == "crypto/keys"
    return room.floor == "proto" and bool(MSGPACK_PACKER.match(symbol))


def symbols_of(archive):
    """Yields (object, name, class letter, section) of every symbol in an archive or object."""
    text = subprocess.run(["nm", "-f", "sysv", archive], check=True, capture_output=True,
                          text=True).stdout
    unit = archive
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        found = re.match(r"(?:Symbols|Undefined symbols) from (.*):$", line)
        if found:
            unit = found.group(1)
        elif len(cells) == 7 and cells[0] != "Name":
            yield unit, cells[0], cells[2], cells[6]


def check_symbols(room):
    if not pathlib.Path(room.archive).exists():
        return [f"{room.path}: {room.archive} is not built"]
    complaints = []
    for unit, name, kind, section in symbols_of(room.archive):
        where = f"{room.path} ({unit})"
        if kind == "U" and not allowed(room, name):
            complaints.append(f"{where}: calls {name}, which the {room.floor} floor must not")
        if kind in "TDBRGSVWC" and not name.startswith("toc_"):
            complaints.append(f"{where}: external name {name} does not begin with toc_")
        writable = re.match(r"(\.data|\.bss|\.tdata|\.tbss|\*COM\*)(?!\.rel\.ro)", section)
        if writable and room.floor in LOWER_FLOORS and kind not in "U":
            complaints.append(f"{where}: {name} is a writable global")
    return complaints


def reach(rooms, name):
    seen, open_names = set(), [name]
    while open_names:
        for use in rooms[open_names.pop()].uses:
            if use not in seen:
                seen.add(use)
                open_names.append(use)
    return seen


def check_includes(source, rooms, room):
    complaints = []
    for use in room.uses:
        if rooms[use].floor not in FLOOR_MAY_USE[room.floor]:
            complaints.append(f"{room.path}: USES {use}, which lies on a higher floor")
    public = {f"{use}.h": use for use in reach(rooms, room.name)}
    folder = pathlib.Path(source) / room.path
    for file in sorted(folder.glob("*.[ch]")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            kind, header = found.groups()
            where = f"{room.path}/{file.name}:{number}"
            if kind == '"':
                if not (folder / header).exists() and header not in public:
                    complaints.append(f"{where}: \"{header}\" is neither a file of this room nor "
                                      "the public header of a room that its USES line reaches")
            elif room.floor in FLOOR_HEADERS and header not in LANGUAGE_HEADERS \
                    and not FLOOR_HEADERS[room.floor].match(header):
                complaints.append(f"{where}: <{header}> has no place on the {room.floor} floor")
    return complaints


def check_macros(source, rooms):
    complaints, homes = [], {}
    for room in rooms.values():
        for file in sorted((pathlib.Path(source) / room.path).glob("*.h")):
            for name in re.findall(r"^#\s*define\s+(\w+)", file.read_text(), re.M):
                home = homes.setdefault(name, room.path)
                if home != room.path:
                    complaints.append(f"{room.path}/{file.name}: {name} is a macro of {home} too")
    return complaints


# Each row: a source that breaks one rule, and what the complaint must name.
BAD_SYMBOLS = [
    ("crypto/x", "long time(long *); long toc_x(void); long toc_x(void) { return time(0); }",
     "calls time"),
    ("proto/x", "void *malloc(unsigned long); void *toc_x(void); "
                "void *toc_x(void) { return malloc(9); }", "calls malloc"),
    ("crypto/x", "void randombytes_buf(void *, unsigned long); void toc_x(void *); "
                 "void toc_x(void *p) { randombytes_buf(p, 8); }", "calls randombytes_buf"),
    ("proto/x", "int crypto_sign_keypair(void *, void *); int toc_x(void *); "
                "int toc_x(void *p) { return crypto_sign_keypair(p, p); }",
     "calls crypto_sign_keypair"),
    ("proto/x", "void *sodium_malloc(unsigned long); void *toc_x(void); "
                "void *toc_x(void) { return sodium_malloc(9); }", "calls sodium_malloc"),
    ("proto/x", "int socket(int, int, int); int toc_x(void); "
                "int toc_x(void) { return socket(2, 1, 0); }", "calls socket"),
    ("crypto/x", "int toc_x(void); int toc_x(void) { static int n; return ++n; }",
     "is a writable global"),
    ("node/x", "int helper(void); int helper(void) { return 1; }", "helper does not begin"),
]
BAD_INCLUDES = [
    ("crypto/low", '#include "high.h"', '"high.h" is neither'),
    ("crypto/low", "#include <time.h>", "<time.h> has no place"),
    ("proto/mid", "#include <sys/socket.h>", "<sys/socket.h> has no place"),
    ("proto/mid", '#include "low_private.h"', '"low_private.h" is neither'),
]


def control(compiler):
    missed = []
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        for number, (path, source, wanted) in enumerate(BAD_SYMBOLS):
            (root / f"{number}.c").write_text(source + "\n")
            target = str(root / f"{number}.o")
            subprocess.run([compiler, "-w", "-fno-builtin", "-O0", "-c",
                            str(root / f"{number}.c"), "-o", target], check=True)
            complaints = check_symbols(Room("x", path, target, []))
            if not any(wanted in complaint for complaint in complaints):
                missed.append(f"symbols row {number}: nobody said \"{wanted}\": {complaints}")
        rooms = {"low": Room("low", "crypto/low", None, []),
                 "mid": Room("mid", "proto/mid", None, ["low"]),
                 "high": Room("high", "node/high", None, ["mid"])}
        for room in rooms.values():
            (root / room.path).mkdir(parents=True)
            (root / room.path / f"{room.name}.h").write_text("")
        (root / "crypto/low/low_private.h").write_text("")
        (root / "node/high/high.c").write_text('#include "mid.h"\n#include "low.h"\n')
        if check_includes(root, rooms, rooms["high"]):
            missed.append("includes: a permitted include is refused")
        for number, (path, line, wanted) in enumerate(BAD_INCLUDES):
            bad = root / path / "bad.c"
            bad.write_text(line + "\n")
            complaints = check_includes(root, rooms, rooms[pathlib.Path(path).name])
            bad.unlink()
            if not any(wanted in complaint for complaint in complaints):
                missed.append(f"includes row {number}: nobody said {wanted}: {complaints}")
        (root / "crypto/low/low.h").write_text("#define TOC_A 1\n#define TOC_B 2\n")
        (root / "proto/mid/mid.h").write_text("#define TOC_B 3\n#define TOC_C 4\n")
        if [line for line in check_macros(root, rooms) if "TOC_B" in line] == []:
            missed.append("macros: two rooms define one macro and nobody says so")
        upward = {**rooms, "low": Room("low", "crypto/low", None, ["high"])}
        if not check_includes(root, upward, upward["low"]):
            missed.append("includes: a USES line that points up passes")
    return missed


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("symbols", "includes", "control"):
        sys.exit(__doc__)
    verb, listing = sys.argv[1], sys.argv[2]
    rooms = read_rooms(listing)
    source = pathlib.Path(__file__).resolve().parent.parent.parent
    complaints, count = [], 0
    if verb == "control":
        complaints = control(sys.argv[3] if len(sys.argv) > 3 else "cc")
        count = len(BAD_SYMBOLS) + len(BAD_INCLUDES) + 3
    if verb == "includes":
        complaints += check_macros(source, rooms)
    for room in rooms.values():
        if verb == "symbols" and room.archive:
            complaints += check_symbols(room)
            count += 1
        if verb == "includes":
            complaints += check_includes(source, rooms, room)
            count += 1
    for complaint in complaints:
        print(complaint)
    print(f"boundary {verb}: {count} checked, {len(complaints)} complaints")
    sys.exit(1 if complaints or count == 0 else 0)


if __name__ == "__main__":
    main()
