#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A bulletin that breaks the indexer harms nothing but its own facts.

BB runs with an indexer that dies, lies or hangs on marked bulletins. They are stored, passed on and
shown as unread; everything else is indexed; the process is replaced each time.
"""
import os
import shutil
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

# Takes requests like tocsin-index and passes them on to the real one, but for four words.
BROKEN = """#!{python} -SE
import os, signal, struct, subprocess, sys
real = subprocess.Popen(["{real}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
source, sink = sys.stdin.buffer, sys.stdout.buffer
while True:
    head = source.read(4)
    if len(head) < 4:
        break
    body = source.read(struct.unpack("<I", head)[0])
    if b"DIE-INDEXER" in body:
        os.abort()
    if b"KILL-INDEXER" in body and os.path.getsize("{kills}") < 3:
        with open("{kills}", "a", encoding="ascii") as file:
            file.write("x")
        os.kill(os.getpid(), 9)
    if b"HANG-INDEXER" in body:
        signal.pause()
    if b"LIE-INDEXER" in body:
        sink.write(struct.pack("<I", 100) + b"\\0" * 100)
        sink.flush()
        continue
    real.stdin.write(head + body)
    real.stdin.flush()
    head = real.stdout.read(4)
    sink.write(head + real.stdout.read(struct.unpack("<I", head)[0]))
    sink.flush()
"""

check = system.check


def broken_bin():
    """A folder with the programs and the broken indexer."""
    folder = system.scratch()
    for name in ("tocsin", "tocsind"):
        shutil.copy(system.need_program(name), folder)
    path = os.path.join(folder, "tocsin-index")
    kills = os.path.join(folder, "kills")
    with open(kills, "w", encoding="ascii"):
        pass
    with open(path, "w", encoding="ascii") as file:
        file.write(BROKEN.format(python=os.path.realpath(sys.executable), kills=kills,
                                 real=system.need_program("tocsin-index")))
    os.chmod(path, stat.S_IRWXU)
    return folder


def publish(node, word, number):
    return node.publish("--to", "all", "--tlp", "green", "--title", f"number {number}", "-",
                        stdin=f"{word}: avoid n{number}[.]badsite[.]com\n")


def status(node):
    return node.json("status")[0]


def broken_claims(author, broken, relay, word, quarantined):
    before = publish(author, "fine", f"1{word.lower()}")
    bad = publish(author, word, f"2{word.lower()}")
    after = publish(author, "fine", f"3{word.lower()}")
    for ident in (before, bad, after):
        broken.wait_visible(ident)
        relay.wait_visible(ident)
    row = broken.json("query", f"id:{bad}")[0]
    check(row["status"] == "unread", f"{word}: the bulletin is shown as unread")
    check(not broken.knows(f"n2{word.lower()}.badsite.com"), f"{word}: its facts are not there")
    check(word in broken.cli("show", bad, "--document", "1").stdout,
          f"{word}: its document can be saved")
    check(broken.knows(f"n1{word.lower()}.badsite.com") and
          broken.knows(f"n3{word.lower()}.badsite.com"), f"{word}: those around it are indexed")
    check(status(broken)["quarantined"] == quarantined, f"{word}: status counts it")
    check(any("indexer" in alarm for alarm in status(broken)["alarms"]), f"{word}: and alarms")
    check(relay.knows(f"n2{word.lower()}.badsite.com"), f"{word}: others read it")
    return bad


def killed_claims(author, broken):
    """Killed from outside three times, as for lack of memory; then it is read."""
    ident = publish(author, "KILL-INDEXER", "9kill")
    broken.wait_visible(ident)
    check(broken.json("query", f"id:{ident}")[0]["status"] == "current" and
          broken.knows("n9kill.badsite.com"), "KILL-INDEXER: a killed process is no verdict")


def restart_claims(broken, bad, good, broken_programs):
    system.BIN = broken_programs
    broken.start()
    system.BIN = good
    crashes = 2  # what hangs is not tried again
    system.wait_for(lambda: status(broken)["quarantined"] == crashes, federation.VISIBLE_S,
                    "the unread ones are tried again")
    check(any("indexer" in alarm for alarm in status(broken)["alarms"]),
          "after a restart the alarm is there again")
    check(broken.stop() == 0, "BB: SIGTERM ends it with 0")
    broken.start()
    system.wait_for(lambda: broken.knows("n2lie-indexer.badsite.com"), federation.VISIBLE_S,
                    "what was unread is read")
    check([broken.json("query", f"id:{ident}")[0]["status"] for ident in bad] ==
          ["current"] * crashes + ["unread"] * (len(bad) - crashes) and
          broken.knows("n2die-indexer.badsite.com"), "a whole indexer reads what crashed before")
    check(not any("indexer" in alarm for alarm in status(broken)["alarms"]), "the alarm is gone")


def refused_claims(broken, word):
    entries = status(broken)["entries"]
    done = broken.cli("publish", "--to", "all", "--tlp", "green", "--title", "x", "-",
                      stdin=f"{word} here\n", status=None)
    check(done.returncode == 5 and done.stderr.count("\n") == 1 and "nothing was published" in
          done.stderr, f"{word}: published here it is refused with a line")
    check(status(broken)["entries"] == entries, f"{word}: and leaves nothing")


def main():
    cert = federation.found("AA", "BB", "CC", name="Broken")
    cert.start("AA", "CC")
    good = system.BIN
    system.BIN = programs = broken_bin()
    cert["BB"].start()
    system.BIN = good
    for handle in cert:
        cert[handle].wait_links(2)
    words = ["DIE-INDEXER", "LIE-INDEXER"] + (["HANG-INDEXER"] if system.FULL else [])
    bad = [broken_claims(cert["AA"], cert["BB"], cert["CC"], word, number + 1)
           for number, word in enumerate(words)]
    killed_claims(cert["AA"], cert["BB"])
    refused_claims(cert["BB"], "DIE-INDEXER")
    check(cert["BB"].stop() == 0, "BB: SIGTERM ends it with 0")
    restart_claims(cert["BB"], bad, good, programs)
    check(cert["BB"].cli("verify", status=None).returncode == 0, "the store verifies")
    system.finish()


if __name__ == "__main__":
    main()
