#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A member of the federation lies to a real node in every way that tests/evil knows.

AA and BB run and are honest; CC's keys are in the hands of the program `evil`, which tells AA its
lies over TCP: each is refused with its code and CC's name in AA's log, ignored, or bounded, and AA
holds what it held. After every few lies AA and BB exchange bulletins. In the end AA verifies, and has
not grown.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

BATCH = 25
GROWTH_KIB_MAX = 64 << 10
BATCH_S = 600
# Fills a quarter of AA's table of groups: nothing that needs a group can come after it.
LAST = ["groups_without_end"]

check = system.check


def program():
    return system.need_program("evil", os.path.join(os.path.dirname(system.BIN), "tests"))


def tell(cert, names):
    """The lines of `evil` about these lies, and AA's resident memory, KiB."""
    victim, liar, witness = cert["AA"], cert["CC"], cert["BB"]
    done = subprocess.run(
        [program(), liar.home, liar.credential, "CC", "AA", str(victim.port), victim.home,
         victim.log, "BB", str(witness.port), *names],
        capture_output=True, text=True, timeout=BATCH_S,
        env=dict(os.environ, TOCSIN_TEST_ARGON_KIB="8"))
    lines = done.stdout.splitlines()
    rss = [int(line.split()[1]) for line in lines if line.startswith("rss ")]
    if not rss:
        raise AssertionError(f"evil ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return [line for line in lines if not line.startswith("rss ")], rss[0]


def exchange(cert, number):
    """An honest bulletin each way."""
    for author, reader in (("AA", "BB"), ("BB", "AA")):
        ident = cert[author].publish("--to", "all", "--tlp", "green", "--title",
                                     f"honest {number}")
        cert[reader].wait_visible(ident)


def main():
    if system.LIGHT:
        system.skip("evil_core tells the same lies with ASan, without waiting")
    names = subprocess.run([program(), "--list"], capture_output=True, text=True,
                           check=True).stdout.split()
    names = [name for name in names if name not in LAST] + LAST
    cert = federation.found("AA", "BB", "CC", "DD", name="Evil")
    cert.start("AA", "BB")
    cert["AA"].wait_links(1)
    exchange(cert, "before")
    rows, first_rss = tell(cert, names[:1])
    for line in rows:
        check(line.startswith("ok "), line.removeprefix("ok ").removeprefix("FAILED "))
    rss = first_rss
    for start in range(1, len(names), BATCH):
        rows, rss = tell(cert, names[start:start + BATCH])
        for line in rows:
            check(line.startswith("ok "), line.removeprefix("ok ").removeprefix("FAILED "))
        exchange(cert, start)
        check(True, f"AA and BB exchange bulletins after {start + len(rows)} lies; AA has "
                    f"{rss >> 10} MiB")
    check(rss - first_rss <= GROWTH_KIB_MAX,
          f"AA has grown by {(rss - first_rss) >> 10} MiB, at most {GROWTH_KIB_MAX >> 10}")
    check(cert["AA"].cli("verify", status=None).returncode == 0, "AA: verify passes")
    check(not [row for row in cert["AA"].json("query", status=None) if row.get("author") == "CC"],
          "no bulletin of CC is shown")
    for handle in ("AA", "BB"):
        check(cert[handle].stop() == 0, f"{handle}: SIGTERM ends it with 0")
    system.finish()


if __name__ == "__main__":
    main()
