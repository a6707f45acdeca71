#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What a node acknowledged survives kill -9, on the author and on a relay.

Publishers note every id that `tocsin publish` printed; the node is killed at a random moment; its
store must verify, and after a restart every noted id must be there. The positive control runs the
same on a build that acknowledges before it commits, and must find a lost acknowledgement.
"""
import os
import random
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

# Each round reads the whole store: many kills are many federations of few.
KILLS = 500 if system.FULL else 20 if system.LIGHT else 100
SERIES = 20 if system.FULL else 1
CONTROL_KILLS = 60
PUBLISHERS = 3
ACKS_A_ROUND = 12  # at most, before the next kill
ROUND_S = 60       # ten times what a round takes on a slow machine
SETTLE_S = 120

check = system.check


class Publishers:
    """Publish through `node` until it dies; what was acknowledged stands in `acked`."""

    def __init__(self, node, acked, first_number):
        self.node, self.acked, self.number = node, acked, first_number
        self.lock = threading.Lock()
        self.started = threading.Event()
        self.stop, self.refused = False, ""
        self.threads = [threading.Thread(target=self.run) for _ in range(PUBLISHERS)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stop:
            with self.lock:
                self.number += 1
                title = f"bulletin {self.number}"
            done = self.node.cli("publish", "--to", "all", "--tlp", "green", "--title", title,
                                 "--ioc", f"domain:n{self.number}.example.com", status=None)
            if "try again in a moment" in done.stderr:
                continue  # it fetches what it has lost and its peers hold: the control's does
            if done.returncode != 0:
                self.refused = done.stderr
                return  # the node is gone
            with self.lock:
                self.acked.append(done.stdout.strip())
            self.started.set()

    def join(self):
        self.stop = True
        for thread in self.threads:
            thread.join(ROUND_S)


def ids_of(node):
    return {row["id"] for row in node.json("query", "", status=None)}


def missing_after_restart(node, acked):
    """Ids that were acknowledged and are not there once the node answers and has indexed."""
    def indexed():
        return node.json("status")[0]["index_lag"] == 0
    system.wait_for(indexed, SETTLE_S, f"{node.handle} has indexed what it stores")
    return set(acked) - ids_of(node)


def round_on(cert, victim, acked, choose, held):
    """One kill. Gives the acknowledged ids that are lost (of the author)."""
    publishers = Publishers(cert["AA"], acked, len(acked) + 10000 * held["round"])
    # A round without an acknowledgement would prove nothing.
    if not publishers.started.wait(ROUND_S):
        raise TimeoutError(f"nothing was acknowledged: {publishers.refused}")
    before = len(acked)
    wanted = before + choose.randrange(ACKS_A_ROUND)
    moment = threading.Event()
    threading.Timer(choose.uniform(0, 0.25), moment.set).start()
    system.wait_for(lambda: moment.is_set() or len(acked) >= wanted, ROUND_S, "the moment")
    cert[victim].kill()
    if victim != "AA":
        publishers.stop = True
    publishers.join()
    verified = cert[victim].cli("verify", status=None)
    if verified.returncode != 0:
        held["damaged"].append(verified.stdout + verified.stderr)
    cert[victim].start()
    held["round"] += 1
    return missing_after_restart(cert["AA"], acked) if victim == "AA" else set()


def run_kills(kills, victims, stop_at_loss):
    seed = int.from_bytes(os.urandom(4), "little")
    print(f"seed {seed}", flush=True)
    choose = random.Random(seed)
    cert = federation.found("AA", "BB", "CC", name="Kills")
    cert.start("AA", "BB", "CC")
    for handle in ("AA", "BB", "CC"):
        cert[handle].wait_links(2)
    acked, lost, held = [], set(), {"round": 0, "damaged": []}
    for number in range(kills):
        lost |= round_on(cert, victims[number % len(victims)], acked, choose, held)
        if lost and stop_at_loss:
            break
    return cert, acked, lost, held


def durable_claims():
    for _ in range(SERIES):
        series_claims()


def series_claims():
    cert, acked, lost, held = run_kills(KILLS, ("AA", "BB"), stop_at_loss=False)
    check(len(acked) == len(set(acked)), "no id was acknowledged twice")
    check(not lost, f"{KILLS} kills, {len(acked)} acknowledged, {len(lost)} lost")
    check(not held["damaged"], f"the store verified after each kill {held['damaged'][:1]}")
    wanted = set(acked)
    for handle in ("AA", "BB", "CC"):
        node = cert[handle]
        system.wait_for(lambda n=node: wanted <= ids_of(n), SETTLE_S,
                        f"{handle} has every acknowledged bulletin")
        check(True, f"{handle} has every acknowledged bulletin")
        check(node.cli("verify", status=None).returncode == 0, f"{handle}: verify passes")
    for handle in ("AA", "BB", "CC"):
        check(cert[handle].stop() == 0, f"{handle}: SIGTERM ends it with 0")


def control():
    """In a process of its own with TOCSIN_BIN set to the control's programs."""
    _, acked, lost, held = run_kills(CONTROL_KILLS, ("AA",), stop_at_loss=True)
    print(f"control: {len(acked)} acknowledged, {len(lost)} lost in {held['round']} kills")
    system.stop_all()
    sys.exit(0 if lost else 1)


def control_claims():
    if system.CONTROL_BIN is None:
        system.skip_one("a node that acknowledges before it commits loses something",
                        "set TOCSIN_CONTROL_BIN to a build with -DTOC_CONTROL_ACK_EARLY=ON")
        return
    system.need_program("tocsind", system.CONTROL_BIN)
    done = system.run(sys.executable, os.path.abspath(__file__), "control",
                      env=dict(os.environ, TOCSIN_BIN=system.CONTROL_BIN), timeout_s=900)
    print(done.stdout, done.stderr, end="")
    check(done.returncode == 0, "a node that acknowledges before it commits loses something")


def main():
    federation.tocsin()
    if sys.argv[1:] == ["control"]:
        control()
    durable_claims()
    control_claims()
    system.finish()


if __name__ == "__main__":
    main()
