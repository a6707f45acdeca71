#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A full disk: refused and said so, questions answered, and on with it when there is room.

The home lies on a small file system of its own (mounting it needs root). The promise is 5 s from
room to work again; the test waits ten times that.
"""
import atexit
import os
import random
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

DISK_MIB = 40
FILLER_MIB = 12
DOCUMENT_BYTES = 700_000
RESUME_S = 50
TOLD_S = 20

check = system.check


def small_disk(path):
    os.makedirs(path, mode=0o700)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=0700", "tmpfs",
                           path], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        system.skip("no file system can be mounted here (root is needed)")
    atexit.register(subprocess.run, ["umount", "-l", path], check=False)


def document(folder, number):
    path = os.path.join(folder, f"{number}.txt")
    with open(path, "w", encoding="ascii") as file:
        file.write(random.Random(number).randbytes(DOCUMENT_BYTES // 2).hex())
    return path


def publish(node, path):
    return node.cli("publish", "--to", "all", "--tlp", "green", "--title", os.path.basename(path),
                    path, status=None)


def fill(node, folder):
    """Publishes until one meets the full disk. Gives the acknowledged ids; of that one thread, what
    it was told, and number."""
    acked = []
    for number in range(2 * DISK_MIB):
        waiting = []
        # The one that meets the full disk is open; the next is refused at once.
        thread = threading.Thread(target=lambda n=number: waiting.append(
            publish(node, document(folder, n))))
        thread.start()
        while thread.is_alive() and not full(node):
            thread.join(0.05)
        if full(node):
            return acked, thread, waiting, number
        acked.append(waiting[0].stdout.strip())
    raise AssertionError("the disk did not fill")


def full(node):
    return any("disk is full" in alarm for alarm in node.json("status")[0]["alarms"])


def main():
    folder = system.scratch()
    small_disk(os.path.join(folder, "AA"))
    cert = federation.found("AA", "BB", "CC", name="Full", folder=folder)
    node = cert["AA"]
    filler = os.path.join(node.home, "filler")
    with open(filler, "wb") as file:
        file.write(bytes(FILLER_MIB << 20))
    cert.start("AA")
    acked, thread, waiting, last = fill(node, folder)
    check(len(acked) > 3, f"{len(acked)} bulletins were stored before the disk was full")
    check(full(node), "status alarms")
    done = publish(node, document(folder, 1000))
    check(done.returncode == 5 and done.stderr.count("\n") == 1 and "disk is full" in done.stderr,
          "a further one is refused with a line that says why")
    thread.join(TOLD_S)
    check(waiting and waiting[0].returncode == 5 and waiting[0].stderr.count("\n") == 1 and
          "outcome open: the disk is full" in waiting[0].stderr,
          "the one under way is told that its outcome is open")
    rows = {row["id"] for row in node.json("query")}
    check(set(acked) <= rows, "questions are answered, and nothing acknowledged is missing")
    os.unlink(filler)
    system.wait_for(lambda: not full(node), RESUME_S, "the node goes on")
    check(True, "with room again the node goes on by itself")
    opened = []
    system.wait_for(lambda: opened.extend(row["id"] for row in node.json("query")
                                          if row["title"] == f"{last}.txt") or opened, RESUME_S,
                    "the open one is published")
    check(True, "the one that was open is published then")
    acked.append(opened[0])
    acked.append(publish(node, document(folder, 1001)).stdout.strip())
    rows = {row["id"] for row in node.json("query")}
    check(set(acked) <= rows and "" not in acked, "so is the next; nothing is missing")
    check(node.cli("verify", status=None).returncode == 0, "the store verifies")
    check(node.stop() == 0, "SIGTERM ends it with 0")
    node.start()
    check(set(acked) <= {row["id"] for row in node.json("query")}, "all of it after a restart")
    cert.stop()
    system.finish()


if __name__ == "__main__":
    main()
