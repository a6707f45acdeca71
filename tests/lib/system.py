# SPDX-License-Identifier: EUPL-1.2
"""What system tests in Python share: where the programs are, waiting with a bound, counting.

    import os, sys
    sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
    import system

No test sleeps: `wait_for` polls a condition and fails at its bound, which is ten times the goal, so
that a slow machine never fails a test.
"""
import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ.get("TOCSIN_SOURCE") or os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", ".."))
BIN = os.environ.get("TOCSIN_BIN") or os.path.join(SOURCE, "build", "bin")
SHARED = os.environ.get("TOCSIN_SHARED") or os.path.join(SOURCE, "..", "shared")
# A build that acknowledges before the commit; only scripts/test provides it.
CONTROL_BIN = os.environ.get("TOCSIN_CONTROL_BIN")
FULL = os.environ.get("TOCSIN_FULL") == "1"
# Set under sanitizers, where everything is several times slower.
LIGHT = os.environ.get("TOCSIN_LIGHT") == "1"

POLL_S = 0.02
EXIT_SKIPPED = 77

counts = {"passed": 0, "failed": 0, "skipped": 0}
_children = []


def skip(why):
    """Ends the test as skipped."""
    print(f"skipped: {why}")
    sys.exit(EXIT_SKIPPED)


def need_program(name, folder=None):
    """Path of one of the programs; skips the test where it is not built."""
    path = os.path.join(folder or BIN, name)
    if not os.access(path, os.X_OK):
        skip(f"{name} is not built in {folder or BIN}")
    return path


def need_shared(relative):
    """Path of shared data; skips the test where it is missing."""
    path = os.path.join(SHARED, relative)
    if not os.path.exists(path):
        skip(f"shared data {relative} is not here (set TOCSIN_SHARED)")
    return path


def check(condition, claim):
    """One claim, counted and printed."""
    print(("ok      " if condition else "FAILED  ") + claim, flush=True)
    counts["passed" if condition else "failed"] += 1
    return condition


def skip_one(claim, why):
    print(f"skipped {claim}: {why}", flush=True)
    counts["skipped"] += 1


def finish():
    """Prints the counts, alone on the last line, and ends with the status that they mean."""
    stop_all()
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped",
          flush=True)
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)


def wait_for(condition, bound_s, what="the condition"):
    """The first true value of `condition()`; raises TimeoutError at the bound."""
    end = time.monotonic() + bound_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not happen within {bound_s} s")
        time.sleep(POLL_S)


# Below the ports that the kernel gives to connections: none of those takes one before the node that
# is to listen there does. Tests that run at the same time begin at different places.
PORTS = (10240, 32000)
_next_port = PORTS[0] + os.getpid() % 20000


def free_port():
    """A TCP port of loopback that was free a moment ago, and that no other call has given."""
    global _next_port
    for _ in range(1000):
        _next_port = _next_port + 1 if _next_port < PORTS[1] else PORTS[0]
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", _next_port))
                return _next_port
            except OSError:
                pass
    raise AssertionError("no free port")


def scratch():
    """A folder of this test, mode 0700, removed at its end."""
    folder = tempfile.mkdtemp(prefix="tocsin-test-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def run(*arguments, stdin=None, status=None, timeout_s=60, env=None):
    """Runs a program to its end; `status` is the exit status that it must have, if given."""
    done = subprocess.run(list(arguments), input=stdin, capture_output=True, text=True,
                          timeout=timeout_s, env=env)
    if status is not None and done.returncode != status:
        raise AssertionError(f"{' '.join(arguments)}: exit {done.returncode}, wanted {status}\n"
                             f"{done.stdout}{done.stderr}")
    return done


def start(*arguments, log=None, env=None):
    """Starts a program that this test ends at the latest when it ends itself."""
    output = open(log, "ab") if log else subprocess.DEVNULL
    child = subprocess.Popen(list(arguments), stdin=subprocess.DEVNULL, stdout=output,
                             stderr=subprocess.STDOUT, env=env)
    _children.append(child)
    return child


def stop(child, number=signal.SIGTERM, bound_s=20):
    """Signals a child of this test and waits; its exit status."""
    if child.poll() is None:
        child.send_signal(number)
    try:
        return child.wait(bound_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        raise
    finally:
        if child in _children:
            _children.remove(child)


def stop_all():
    for child in list(_children):
        child.kill()
        child.wait()
        _children.remove(child)


atexit.register(stop_all)
