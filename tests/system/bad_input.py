#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What goes wrong in a CERT's day: one line that says what to do, the right exit status, and nothing
changed. First commands to a running federation, then starts that must not succeed, then nodes that
do not belong here.
"""
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

check = system.check

RED_INSIDE = json.dumps({
    "type": "bundle", "id": "bundle--5f1b6a3e-6d0a-4c5e-9d3b-1f2a3b4c5d6e", "objects": [
        {"type": "indicator", "spec_version": "2.1",
         "id": "indicator--0f1b6a3e-6d0a-4c5e-9d3b-1f2a3b4c5d6e",
         "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
         "valid_from": "2026-01-01T00:00:00Z", "name": "red inside", "pattern_type": "stix",
         "pattern": "[domain-name:value = 'red-inside.example']",
         "object_marking_refs": ["marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"]}]})


def one_line(done, status, *wanted):
    """Exactly one line on stderr, nothing on stdout, this exit status, and these words in it."""
    lines = done.stderr.splitlines()
    said = len(lines) == 1 and lines[0].startswith("tocsin: ")
    words = all(re.search(word, done.stderr, re.I) for word in wanted)
    good = done.returncode == status and said and words and done.stdout == ""
    if not good:
        print(f"  exit {done.returncode}, wanted {status} and {wanted}\n  {done.stdout!r}\n"
              f"  {done.stderr!r}")
    return good


# ---- commands to a running node ------------------------------------------------------------------

def commands(cert, folder):
    node = cert["AA"]
    broken = os.path.join(folder, "broken.json")
    with open(broken, "w", encoding="ascii") as file:
        file.write('{"type": "bundle",\n "id": "bundle--5f1b6a3e-6d0a-4c5e-9d3b-1f2a3b4c5d6e",\n'
                   ' "objects": [{"type": "indicator", oops}]}\n')
    red = os.path.join(folder, "red.json")
    with open(red, "w", encoding="ascii") as file:
        file.write(RED_INSIDE)
    plain = os.path.join(folder, "plain.txt")
    with open(plain, "w", encoding="ascii") as file:
        file.write("evil.example\n")
    to_all = ["--to", "all", "--tlp", "green"]
    rows = [
        ("broken JSON names file, line and column", 2,
         ["publish", *to_all, "--title", "x", broken], [re.escape(broken) + r":3:\d+: \S"]),
        ("an unknown audience", 2,
         ["publish", "--to", "NOBODY", "--tlp", "green", "--title", "x"], ["NOBODY"]),
        ("TLP:RED to all", 3, ["publish", "--to", "all", "--tlp", "red", "--title", "x"],
         ["red"]),
        ("a TLP below a marking inside the file", 3,
         ["publish", *to_all, "--title", "x", red], ["red"]),
        ("--lower-tlp never lowers RED", 3,
         ["publish", *to_all, "--title", "x", "--lower-tlp", "because", red], ["red"]),
        ("a missing audience", 2, ["publish", "--tlp", "green", "--title", "x"], ["--to"]),
        ("a missing TLP", 2, ["publish", "--to", "all", "--title", "x", plain], ["tlp"]),
        ("a missing title", 2, ["publish", *to_all, plain], ["title"]),
        ("nothing to publish", 2, ["publish", *to_all], ["FILE", "--title"]),
        ("a TLP that is none", 2, ["publish", "--to", "all", "--tlp", "pink", "--title", "x"],
         ["pink"]),
        ("a severity that is none", 2,
         ["publish", *to_all, "--title", "x", "--severity", "huge"], ["huge"]),
        ("a kind that is none", 2, ["publish", *to_all, "--title", "x", "--kind", "poem"],
         ["poem"]),
        ("a file that is not there", 2, ["publish", *to_all, os.path.join(folder, "absent")],
         ["absent"]),
        ("an indicator without kind", 2,
         ["publish", *to_all, "--title", "x", "--ioc", "evil"], ["KIND:VALUE"]),
        ("an unknown query field", 2, ["query", "colour:red"], ["colour"]),
        ("a query with OR", 2, ["query", "tlp:green OR tlp:red"], ["OR"]),
        ("a field that stands alone", 2, ["query", "since:1d", "severity"], ["quote"]),
        ("a technique that is none", 2, ["publish", *to_all, "--title", "x", "--technique", "abc"],
         ["T1566"]),
        ("a language that is none", 2, ["publish", *to_all, "--title", "x", "--lang", "??"],
         ["pt-BR"]),
        ("a time that is past", 2,
         ["publish", *to_all, "--title", "x", "--valid-until", "2020-01-01"], ["past"]),
        ("an audience of ourselves alone", 2,
         ["publish", "--to", "AA", "--tlp", "green", "--title", "x"], ["AA", "yourself"]),
        ("an empty value to look up", 2, ["lookup", ""], ["empty"]),
        ("a proof file that is not there", 2, ["verify", os.path.join(folder, "absent")],
         ["absent"]),
        ("a backup where nothing can be written", 5, ["backup", "/nonexistent/backup"],
         ["/nonexistent/backup", "folder"]),
        ("an id that nobody has", 1, ["show", "abcdefghij234567"], ["no bulletin"]),
        ("an id that is none", 2, ["show", "!"], ["!"]),
        ("share of a bulletin that nobody has", 1,
         ["share", "abcdefghij234567", "--to", "all"], ["no bulletin"]),
        ("a backup over a file that exists", 5, ["backup", plain], [re.escape(plain), "exists"]),
        ("a verb of a later version", 2, ["federation", "leave"], ["leave"]),
    ]
    def held(handle):
        return cert[handle].json("status")[0]["entries"]
    # Cards still travel when the links have just come up.
    system.wait_for(lambda: held("AA") == held("BB") >= 3, 30, "both nodes hold the same")
    entries = held("AA")
    for claim, status, words, wanted in rows:
        check(one_line(node.cli(*words, status=None), status, *wanted), claim)
    check(held("AA") == entries, "none of this left an entry")
    check(node.json("query", status=None) == [], "or a bulletin")
    check(not node.knows("red-inside.example") and not node.knows("evil.example"),
          "or an indicator")
    ident = node.publish("--to", "BB", "--tlp", "red", "--title", "red", red)
    check(node.json("query", f"id:{ident}")[0]["tlp"] == "red",
          "the same RED file goes to an organisation spelled out")
    done = node.cli("publish", "--each", *to_all, "--title", "each", plain, broken, plain,
                    status=None)
    check(done.returncode == 2 and done.stdout.count("\n") == 1 and
          "published 1, skipped 1, refused 1" in done.stderr,
          "--each refuses the broken file and publishes the other once")
    stumbles(node, folder, plain, to_all)


def warned(done, *words):
    lines = done.stderr.splitlines()
    return done.returncode == 0 and len(lines) == 1 and all(word in lines[0] for word in words)


def stumbles(node, folder, plain, to_all):
    """What a first user tripped over: nothing is swallowed, nothing sent twice in silence."""
    def put(name, content):
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path
    misp = put("misp.json", b'{"Event": {"info": "x", "Attribute": [{"type": "domain", '
                            b'"value": "in-misp.example"}]}}')
    noise = put("noise.bin", bytes(range(256)) * 4)
    table = put("table.csv", b"name,remark\nanna,none\nbert,none\n")
    empty = put("empty.txt", b"")
    for path, word in ((misp, "MISP"), (noise, "unknown"), (table, "no indicator")):
        check(warned(node.cli("publish", *to_all, "--title", "x", path), path, word),
              f"{os.path.basename(path)} is published with one line of warning")
    check(one_line(node.cli("publish", *to_all, "--title", "x", empty, status=None), 2,
                   re.escape(empty), "empty"), "an empty file is refused")
    to_b = ["--to", "BB", "--tlp", "green"]
    done = node.cli("publish", "--each", "--dry-run", *to_b, misp, table, empty, status=None)
    check("nothing published" in done.stderr and "\n\n" in done.stdout and misp in done.stdout,
          "--each --dry-run parts its previews and says that nothing was published")
    check(f"{empty}: it is empty" in done.stderr, "and names the file that would be refused")
    prose = put("prose.txt", b"seen at each-once.example\n")
    again = ["publish", "--each", *to_all, prose]
    first, second = node.cli(*again), node.cli(*again)
    check("published 1, skipped 0" in first.stderr and "published 0, skipped 1" in second.stderr
          and second.stdout == "", "a second run of --each skips what the first has published")
    done = node.cli("publish", "--each", *to_b, prose, table)
    check("published 2, skipped 0" in done.stderr, "another audience gets it")
    row = node.json("query", f"id:{done.stdout.split()[1]}")[0]
    check(row["title"] == "table.csv", "a document without a title gets the name of its file")
    archive(node, folder, to_all)
    node.publish(*to_all, "--title", "hosts", "--ioc", "domain:host-known.example")
    for term in ("ioc:domain:host-known.example", "domain:sub.host-known.example", "-tlp:red"):
        check(node.cli("query", term, status=None).returncode == 0, f"query {term} finds it")
    for asked in ("https://host-known.example/other", "someone@host-known.example",
                  "host-known.example/"):
        check(node.cli("lookup", asked, "--hosts", status=None).returncode == 0,
              f"--hosts asks for the host of {asked}")
        done = node.cli("lookup", asked, status=None)
        check(done.returncode == 1 and "host-known.example is known: try --hosts" in done.stderr,
              "without it a line says that the host is known")


def archive(node, folder, to_all):
    """Many files go in few requests: each is answered for itself, in the order of the files."""
    path = os.path.join(folder, "archive")
    os.mkdir(path)
    for i in range(600):
        bad = b"{" if i % 50 == 7 else b""
        text = b"same[.]archive.example\n" if i in (20, 300, 301) else b"a%d[.]archive.example\n" % i
        with open(os.path.join(path, f"{i:03}.{'json' if bad else 'txt'}"), "wb") as file:
            file.write(bad + text)
    done = node.cli("publish", "--each", *to_all, path, status=None)
    check(done.returncode == 2 and "published 586, skipped 2, refused 12" in done.stderr,
          f"an archive of 600 files is published but for 12 broken ones and 2 copies "
          f"{done.stderr.splitlines()[-1:]}")
    complaints = re.findall(r"archive/(\d+)\.json:1:", done.stderr)
    check(complaints == [f"{i:03}" for i in range(7, 600, 50)], "each broken one is named")
    titles = {row["id"]: row["title"] for row in node.json("query", "--limit", "1000")}
    wanted = [f"{i:03}.txt" for i in range(600) if i % 50 != 7 and i not in (300, 301)]
    check([titles.get(ident) for ident in done.stdout.split()] == wanted,
          "their ids are printed in the order of the files")
    check(node.knows("a599.archive.example") and not node.knows("a307.archive.example"),
          "what was published is found, what was refused is not")
    with open(os.path.join(node.home, "audit.log"), encoding="utf-8") as file:
        audit = file.read()
    check(all(ident in audit for ident in done.stdout.split()), "the audit log names each of them")
    done = node.cli("publish", "--each", *to_all, path, status=None)
    check("published 0, skipped 588, refused 12" in done.stderr and done.stdout == "",
          "again nothing of it is published")


def socket_noise(cert):
    """Bytes that are no request end their connection alone."""
    path = os.path.join(cert["AA"].home, "control")
    rows = [b"\xff\xff\xff\xff", b"\x05\x00\x00\x00hello", b"\x00\x00\x00\x00",
            b"\x05\x00\x00\x00\xdf\xff\xff\xff\x80", b"\x01\x00\x00\x00\x80",
            b"\x0a\x00\x00\x00\x81\x01\xa6status" + b"\x00" * 40]
    for row in rows:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(path)
            peer.sendall(row)
            peer.shutdown(socket.SHUT_WR)
            peer.settimeout(20)
            try:
                while peer.recv(65536):
                    pass
            except ConnectionError:
                pass
    check(cert["AA"].answers(), "noise on the control socket hurts nobody")
    with socket.create_connection(("127.0.0.1", cert["AA"].port)) as peer:
        peer.sendall(os.urandom(4096))
        peer.settimeout(20)
        try:
            while peer.recv(65536):
                pass
        except ConnectionError:
            pass
    check(cert["AA"].answers(), "noise on the listening port hurts nobody")


# ---- starts that must fail -----------------------------------------------------------------------

def state_of(home):
    """A digest of everything in a home but its lock."""
    digest = hashlib.sha256()
    for folder, names, files in sorted(os.walk(home)):
        names.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            if os.path.isfile(path) and name not in ("lock", "lock.mdb"):
                with open(path, "rb") as file:
                    digest.update(f"{path}:{os.stat(path).st_mode}:".encode() + file.read())
    return digest.hexdigest()


def refused_start(claim, node, status, *wanted, credential=None, unchanged=True):
    before = state_of(node.home)
    done = subprocess.run(
        [federation.tocsin(), "run", "--home", node.home, "--credential",
         credential or node.credential], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, env=dict(os.environ, TOCSIN_TEST_ARGON_KIB="8"))
    last = done.stderr.splitlines()[-1:] or [""]
    words = all(re.search(word, last[0], re.I) for word in wanted)
    good = done.returncode == status and words and (
        not unchanged or state_of(node.home) == before)
    if not good:
        print(f"  exit {done.returncode}, wanted {status} and {wanted}, changed: "
              f"{state_of(node.home) != before}\n  {done.stderr!r}")
    check(good, claim)


def starts(cert, folder):
    running, node = cert["AA"], cert["CC"]
    refused_start("a second start on one home", running, 5, str(running.child.pid),
                  unchanged=False)
    check(running.answers(), "the first goes on")

    other = os.path.join(folder, "other.cred")
    with open(other, "wb") as file:
        file.write(os.urandom(32))
    refused_start("a wrong credential", node, 5, "wrong passphrase or credential",
                  credential=other)
    with open(other, "ab") as file:
        file.write(b"x")
    refused_start("a credential of 33 bytes", node, 2, "32 bytes", credential=other)

    key = os.path.join(node.home, "node.key")
    os.chmod(key, 0o640)
    refused_start("a key file that its group can read", node, 5, "node.key", "chmod 600")
    os.chmod(key, 0o600)
    os.chmod(node.home, 0o755)
    refused_start("a home that is open to others", node, 5, "chmod 700")
    os.chmod(node.home, 0o700)
    with open(key, "r+b") as file:
        whole = file.read()
        file.seek(len(whole) // 2)
        file.write(bytes([whole[len(whole) // 2] ^ 1]))
    refused_start("an altered key file", node, 5, "node.key")
    os.unlink(key)
    refused_start("a key file that is gone", node, 5, "init")
    with open(os.open(key, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        file.write(whole)

    conf = os.path.join(node.home, "tocsin.conf")
    with open(conf, encoding="ascii") as file:
        text = file.read()
    with open(conf, "w", encoding="ascii") as file:
        file.write(text + "\n[node]\nlisten_to = everybody\n")
    refused_start("a configuration with an unknown key", node, 2, r"tocsin\.conf:\d+", "listen_to")
    port = running.port
    with open(conf, "w", encoding="ascii") as file:
        file.write(text.replace(f"127.0.0.1:{node.port}", f"127.0.0.1:{port}"))
    refused_start("an occupied port", node, 5, str(port), unchanged=False)
    with open(conf, "w", encoding="ascii") as file:
        file.write(text)

    genesis = os.path.join(node.home, "federation")
    os.rename(genesis, genesis + ".away")
    refused_start("run before adopt", node, 5, "federation adopt", unchanged=False)
    os.rename(genesis + ".away", genesis)


def corrupt_store(cert):
    node = cert["CC"]
    node.start()
    node.publish("--to", "all", "--tlp", "green", "--title", "kept", "--ioc",
                 "domain:kept.example")
    node.stop()
    store = os.path.join(node.home, "store")
    shutil.copytree(store, store + ".whole")
    check(node.cli("verify", status=None).returncode == 0, "a stopped node's store verifies")
    data = os.path.join(store, "data.mdb")
    with open(data, "r+b") as file:
        file.write(os.urandom(8192))
    refused_start("a store whose first pages are noise", node, 5, "store", unchanged=False)
    check(node.cli("verify", status=None).returncode == 5, "verify says so too")
    shutil.rmtree(store)
    os.rename(store + ".whole", store)
    node.start()
    check(node.knows("kept.example"), "put back, it holds what it held")
    node.stop()


# ---- nodes that do not belong --------------------------------------------------------------------

def strangers(cert, folder):
    """A node of another federation takes the address of a member that is away."""
    absent = cert["CC"]
    others = federation.found("XX", "YY", "ZZ", name="Another", folder=os.path.join(folder, "x"))
    stranger = others["XX"]
    conf = os.path.join(stranger.home, "tocsin.conf")
    with open(conf, encoding="ascii") as file:
        text = file.read()
    with open(conf, "w", encoding="ascii") as file:
        file.write(text.replace(f"127.0.0.1:{stranger.port}", f"127.0.0.1:{absent.port}"))
    stranger.start()
    system.wait_for(lambda: "refused" in stranger.log_text(), 60,
                    "the stranger refuses a link of this federation")
    line = [row for row in stranger.log_text().splitlines() if "refused" in row][0]
    check(re.search("gate", line, re.I), "it says why: the gate does not match")
    check(stranger.link_count() == 0, "it has no link")
    row = [row for row in cert["AA"].json("peers") if row["org"] == "CC"][0]
    check(not row["established"] and cert["AA"].link_count() == 1,
          "nor has our node one to it; its other links stand")
    system.wait_for(lambda: any("another federation" in row.get("down_why", "")
                                for row in cert["AA"].json("peers")), 120,
                    "peers says that it may be of another federation")
    genesis = os.path.join(folder, "x", "genesis")
    check(one_line(absent.cli("federation", "adopt", genesis, "--credential", absent.credential,
                              status=None), 5, "founders"),
          "adopting the file of a federation that we did not found is refused")
    check(one_line(stranger.cli("federation", "adopt", os.path.join(folder, "genesis"),
                                "--credential", stranger.credential, status=None), 5),
          "so is adopting another while the node runs")
    others.stop()


def faketime():
    return [path for path in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
                              "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1")
            if os.path.exists(path)]


def jumping_clock(cert, folder):
    """A clock that is right at the start and set while the node runs."""
    library = faketime()
    if not library or system.LIGHT:
        system.skip_one("a clock that jumps stops publishing",
                        "libfaketime is not installed, or sanitizers do not bear it")
        return
    node, offset = cert["CC"], os.path.join(folder, "offset")

    def set_clock(text):
        with open(offset + ".new", "w", encoding="ascii") as file:
            file.write(text + "\n")
        os.rename(offset + ".new", offset)

    def alarmed():
        return any("clock jumped" in text for text in node.json("status")[0]["alarms"])

    set_clock("+0")
    node.start(environment={"LD_PRELOAD": library[0], "FAKETIME_TIMESTAMP_FILE": offset,
                            "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"})
    node.publish("--to", "all", "--tlp", "green", "--title", "right")
    for jump in ("+1h", "-1h"):
        set_clock(jump)
        system.wait_for(alarmed, 20, "the jump is noticed")
        entries = node.json("status")[0]["entries"]
        done = node.cli("publish", "--to", "all", "--tlp", "green", "--title", "x", status=None)
        check(one_line(done, 5, "clock jumped", "restart") and
              node.json("status")[0]["entries"] == entries,
              f"the clock jumps by {jump}: an alarm, and nothing is published")
        set_clock("+0")
        system.wait_for(lambda: not alarmed(), 20, "the alarm ends")
        node.publish("--to", "all", "--tlp", "green", "--title", "right again")
        check(True, "set back, the node publishes again")
    node.stop()


def far_clock(cert):
    library = faketime()
    if not library or system.LIGHT:
        system.skip_one("a clock far off is said in one line",
                        "libfaketime is not installed, or sanitizers do not bear it")
        return
    node = cert["CC"]
    node.start(environment={"LD_PRELOAD": library[0], "FAKETIME": "+3d"})
    node.wait_links(2)
    entries = node.json("status")[0]["entries"]
    done = node.cli("publish", "--to", "all", "--tlp", "green", "--title", "x", status=None)
    check(one_line(done, 5, "clock", "10 minutes"), "with a clock far off nothing is published, and "
                                                   "one line says why")
    check(node.json("status")[0]["entries"] == entries, "nothing is left of it")
    check(any("clock" in text for text in node.json("status")[0]["alarms"]),
          "status has an alarm about it")
    ident = cert["AA"].publish("--to", "all", "--tlp", "green", "--title", "from the present")
    node.wait_visible(ident)
    check(True, "what others publish arrives all the same")
    node.stop()


def main():
    folder = system.scratch()
    os.mkdir(os.path.join(folder, "x"), 0o700)
    cert = federation.found("AA", "BB", "CC", name="Bad input", folder=folder)
    cert.start("AA", "BB")
    cert["AA"].wait_links(1)
    commands(cert, folder)
    socket_noise(cert)
    starts(cert, folder)
    corrupt_store(cert)
    far_clock(cert)
    jumping_clock(cert, folder)
    strangers(cert, folder)
    check(cert["AA"].answers() and cert["BB"].answers(), "after all this the nodes answer")
    check(cert["AA"].cli("status", status=None).returncode == 0, "and status exits 0")
    cert["AA"].stop()
    done = cert["AA"].cli("query", status=None)
    check(one_line(done, 4, "tocsin run"), "without a node a query exits 4")
    system.finish()


if __name__ == "__main__":
    main()
