#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What the simulator is told on its command line: it takes what it can do, and refuses the rest with
one line that names the option and what it may be. It leaves no files, however it ends.

Usage: arguments.py SIM
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

SIM = sys.argv[1]

# Words, and what the line says of them.
REFUSED = [
    ("--seeds -3", "--seeds -3: needs a whole number from 1 to "),
    ("--seeds 0", "--seeds 0: needs a whole number from 1 to "),
    ("--seeds x", "--seeds x: needs a whole number from 1 to "),
    ("--seeds 3x", "--seeds 3x: needs a whole number from 1 to "),
    ("--seeds", "--seeds: needs a whole number from 1 to "),
    ("--first -1", "--first -1: needs a whole number from 0 to "),
    ("--seed x", "--seed x: needs a whole number from 0 to 18446744073709551615"),
    ("--seed -1", "--seed -1: needs a whole number from 0 to 18446744073709551615"),
    ("--seed 18446744073709551616", "needs a whole number from 0 to 18446744073709551615"),
    ("--nodes x", "--nodes x: needs a whole number from 3 to 1024"),
    ("--nodes 2", "--nodes 2: needs a whole number from 3 to 1024"),
    ("--nodes 1025", "--nodes 1025: needs a whole number from 3 to 1024"),
    ("--store foo", "--store foo: the one store to choose is lmdb"),
    ("--store", "--store: needs a name: lmdb"),
    ("--store lmdb --nodes 17 --seeds 1", "--nodes 17: with --store lmdb from 3 to 16"),
    ("--bogus", "--bogus: no such option"),
    ("--scenario", "--scenario: needs a name"),
    ("--scenario nonsense", "--scenario nonsense: no such scenario; --list shows them"),
    ("--break nonsense", "--break nonsense: no such control; --list shows them"),
    ("--break forget --scenario swizzle", "--break and --scenario exclude each other"),
    ("--break forget --store lmdb", "--break and --store exclude each other"),
    ("--seeds 2 --seed 1", "--seed and --seeds exclude each other"),
    ("--scenario swizzle --nodes 5", "--scenario and --nodes exclude each other"),
    ("--scenario cloned-node --store lmdb", "changes the disk of the model; without --store lmdb"),
    ("--nodes 65 --seeds 2", "--nodes 65: with --seeds or --first from 3 to 64"),
    ("--seed 1 --seed 2", "--seed is given twice"),
]
# Words, the exit status, what it writes and how its last line begins.
TAKEN = [
    ("--list", 0, "first-light", ""),
    ("--seed 1 --nodes 3", 0, "seed 1: 3 nodes", "1 passed, 0 failed"),
    ("--seed 1 --nodes 16 --store lmdb", 0, "seed 1: 16 nodes", "1 passed, 0 failed"),
    ("--scenario swizzle --trace", 0, "links of cert-00 to cert-05 are clogged", "1 passed"),
    ("--break forget", 0, "ok control forget: noticed by durability: ", "1 passed, 0 failed"),
]


def run(words):
    return subprocess.run([SIM, *words.split()], capture_output=True, text=True, timeout=120)


def folders(pid=""):
    return [str(path) for base in ("/dev/shm", "/tmp")
            for path in pathlib.Path(base).glob(f"tocsin-sim-{pid}*")]


def judge_refused(words, line):
    ran = run(words)
    if ran.returncode != 2 or ran.stdout or ran.stderr.count("\n") != 1 or line not in ran.stderr:
        return f"{words}: exit {ran.returncode}, {ran.stderr!r} in place of {line!r}"
    return ""


def judge_taken(words, status, text, last):
    ran = run(words)
    end = ran.stdout.rstrip("\n").rsplit("\n", 1)[-1]
    if ran.returncode != status or text not in ran.stdout or not end.startswith(last):
        return f"{words}: exit {ran.returncode}, {ran.stdout[-300:]!r} {ran.stderr!r}"
    return f"{words}: a line ends in none" if ": none" in ran.stdout else ""


def judge_stopped(number, status):
    """Asked to end in the middle of a run, it says what it has; killed, the next one cleans up."""
    command = [SIM, "--seeds", "1000000", "--nodes", "3", "--store", "lmdb", "--first", "1"]
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL)
        try:
            while process.poll() is None and not folders(f"{process.pid}-"):
                os.sched_yield()
            process.send_signal(number)
            process.wait(timeout=120)
        finally:
            process.kill()
        out.seek(0)
        lines = out.read().splitlines()
    left = folders(f"{process.pid}-")
    if process.returncode != status:
        return f"signal {number}: exit {process.returncode}"
    if number == signal.SIGKILL:
        run("--seed 1 --nodes 3 --store lmdb")
        left = folders(f"{process.pid}-")
        lines = ["passed"]
    if left or not lines or "passed" not in lines[-1]:
        return f"signal {number}: it leaves {left}, says {lines}"
    return ""


def main():
    found = [judge_refused(*row) for row in REFUSED] + [judge_taken(*row) for row in TAKEN]
    found += [judge_stopped(signal.SIGTERM, 128 + signal.SIGTERM),
              judge_stopped(signal.SIGINT, 128 + signal.SIGINT),
              judge_stopped(signal.SIGKILL, -signal.SIGKILL)]
    failed = [line for line in found if line]
    print("\n".join(failed))
    print(f"{len(found) - len(failed)} passed, {len(failed)} failed, 0 skipped")
    return bool(failed)


sys.exit(main())
