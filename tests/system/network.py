#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Seven CERTs on a network that loses, doubles, delays and reorders packets, is cut in two, and lets
some hear who cannot answer; two of them are killed and start again. All publish meanwhile. Once it is
whole again all of them hold the same, and everything that was acknowledged. At last only a chain of
neighbours is left, and what the first publishes reaches the last.

Each node lives in a network namespace of its own; tests/lib/relay.c joins them.
"""
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import net
import system

HANDLES = ("AA", "BB", "CC", "DD", "EE", "FF", "GG")
PLACES = {handle: place for place, handle in enumerate(HANDLES, 1)}
LEFT, RIGHT = ("AA", "BB", "CC"), ("DD", "EE", "FF", "GG")
CONVERGE_S = 30  # the goal; a test waits ten times as long
EACH = 5         # publications of each writer during each trouble
RUNS = 20 if system.FULL else 1
check = system.check


class Writers:
    """Publish on every node, one after the other, and keep what was acknowledged."""

    def __init__(self, cert):
        self.cert, self.ended = cert, False
        self.acknowledged = {handle: [] for handle in cert}
        self.threads = [threading.Thread(target=self.write, args=(handle,), daemon=True)
                        for handle in cert]
        for thread in self.threads:
            thread.start()

    def write(self, handle):
        number = 0
        while not self.ended:
            number += 1
            try:
                self.acknowledged[handle].append(self.cert[handle].publish(
                    "--to", "all", "--tlp", "green", "--title", f"{handle} {number}", "--ioc",
                    f"domain:n{number}.{handle.lower()}.example"))
            except (AssertionError, subprocess.TimeoutExpired):
                self.await_node(handle)  # it was killed: nothing was acknowledged

    def await_node(self, handle):
        node = self.cert[handle]
        system.wait_for(lambda: self.ended or node.cli("status", status=None).returncode == 0,
                        10 * CONVERGE_S, f"{handle} answers again")

    def progress(self, *handles):
        """Waits until each of these has had more acknowledged."""
        goals = {handle: len(self.acknowledged[handle]) + EACH for handle in handles}
        system.wait_for(lambda: all(len(self.acknowledged[handle]) >= goal
                                    for handle, goal in goals.items()),
                        10 * CONVERGE_S, f"{EACH} publications of {' '.join(handles)}")

    def end(self):
        self.ended = True
        for thread in self.threads:
            thread.join()
        return {ident for idents in self.acknowledged.values() for ident in idents}


def halves(act):
    for a in LEFT:
        for b in RIGHT:
            act(PLACES[a], PLACES[b])


def trouble(line, cert, writers):
    writers.progress(*HANDLES)
    check(True, "all publish while packets are lost, doubled and out of order")
    halves(line.cut)
    writers.progress(*HANDLES)
    cert["BB"].kill()
    writers.progress("AA", "DD")
    halves(line.join)
    cert["BB"].start(wait=False)
    check(True, "both halves go on, and one whose neighbour is killed")
    for a, b in (("AA", "EE"), ("EE", "CC"), ("GG", "AA"), ("DD", "FF")):
        line.cut(PLACES[a], PLACES[b], both=False)
    cert["FF"].kill()
    writers.progress("AA", "CC", "EE", "GG")
    cert["FF"].start(wait=False)
    cert["BB"].wait_answering()
    cert["FF"].wait_answering()
    writers.progress("BB", "FF")
    check(True, "so do those that hear without being heard, and those that start again")
    line.join(0, 0)


def ids(node):
    return {row["id"] for row in node.json("query", "--limit", "100000", status=None)}


def converge(cert, wanted):
    start = time.monotonic()
    for handle, node in cert.items():
        system.wait_for(lambda: wanted <= ids(node), 10 * CONVERGE_S,
                        f"{handle} has all of {len(wanted)}")
        held = [node.json("status")[0]["entries"] for node in cert.values()]
    system.wait_for(lambda: len({node.json("status")[0]["entries"] for node in cert.values()}) == 1,
                    10 * CONVERGE_S, f"all hold the same number of entries, first {held}")
    took = time.monotonic() - start
    check(True, f"{len(wanted)} acknowledged bulletins are on all seven nodes {took:.1f} s after the "
                f"last fault (goal {CONVERGE_S})")


def chain(line, cert):
    line.cut(0, 0)
    for place in range(1, len(HANDLES)):
        line.join(place, place + 1)
    start = time.monotonic()
    ident = cert["AA"].publish("--to", "all", "--tlp", "green", "--title", "along the chain")
    system.wait_for(lambda: cert["GG"].sees(ident), 10 * CONVERGE_S, "GG sees what AA publishes")
    check(True, f"where neighbours alone are joined, the last has it {time.monotonic() - start:.1f} s "
                "later")
    line.join(0, 0)
    return ident


def same(cert, wanted):
    all_ids = [ids(node) for node in cert.values()]
    check(all(found == all_ids[0] for found in all_ids) and wanted <= all_ids[0],
          "all seven list the same bulletins")
    for node in cert.values():
        check(node.stop() == 0, f"{node.handle}: SIGTERM ends it with 0")
    rows = [node.json("verify")[0] for node in cert.values()]
    check(all(row["damaged"] == 0 for row in rows), "verify finds every store whole")
    check(len({(row["logs"], row["entries"]) for row in rows}) == 1,
          f"the same logs and entries are in all: {rows[0]['logs']}, {rows[0]['entries']}")


def run():
    line = net.Net(len(HANDLES))
    line.path(0, 0, delay_ms=5, jitter_ms=10, loss=0.01, double=0.01)
    cert = net.found(line, *HANDLES, name="Bad weather")
    cert.start(*HANDLES)
    for node in cert.values():
        node.wait_links(3)
    writers = Writers(cert)
    trouble(line, cert, writers)
    wanted = writers.end()
    converge(cert, wanted)
    wanted.add(chain(line, cert))
    converge(cert, wanted)
    same(cert, wanted)
    line.close()


def main():
    if system.LIGHT:
        system.skip("seven nodes under a sanitizer take minutes")
    for _ in range(RUNS):
        run()
    system.finish()


if __name__ == "__main__":
    main()
