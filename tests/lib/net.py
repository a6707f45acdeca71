# SPDX-License-Identifier: EUPL-1.2
"""A network of namespaces, joined by tests/lib/relay.c, which delays, slows, loses, doubles and puts
out of order what goes between them, and cuts them off.

    import net
    line = net.Net(3)                       # three namespaces; skips the test where none can be made
    line.path(1, 2, delay_ms=25, rate_kbit=100000, queue_ms=100)      # both ways
    cert = net.found(line, "AA", "BB", "CC")        # real nodes, AA in namespace 1 and so on
    line.cut(1, 2, both=False)              # what 1 says does not reach 2 any more

The namespaces have no name and no way out. They go with the relay and the programs in them, however
the test ends: the relay ends with its standard input.
"""
import atexit
import os
import subprocess

import federation
import system

PORT = 7400
ANSWER_S = 10


def address(place):
    """Of a namespace, counted from 1."""
    return f"10.77.0.{place}"


class Net:
    def __init__(self, count):
        if os.geteuid() != 0:
            system.skip("network namespaces need root")
        self.relay = subprocess.Popen([helper("relay"), str(count)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, bufsize=1)
        atexit.register(self.close)
        first = self.relay.stdout.readline()
        if not first.startswith("ready "):
            system.skip(first.removeprefix("skipped: ").strip() or "the relay does not start")
        _, self.pid, *self.files = first.split()

    def close(self):
        if self.relay.poll() is None:
            self.relay.stdin.close()
            self.relay.wait(ANSWER_S)

    def tell(self, *words):
        self.relay.stdin.write(" ".join(map(str, words)) + "\n")
        answer = self.relay.stdout.readline().strip()
        if answer.startswith("what?") or not answer:
            raise AssertionError(f"the relay says {answer!r} to {words}")
        return answer

    def path(self, a, b, both=True, delay_ms=0, jitter_ms=0, loss=0, double=0, rate_kbit=0,
             queue_ms=0):
        """What a packet from a to b (0: any) meets; loss and double are shares."""
        for x, y in ((a, b), (b, a)) if both else ((a, b),):
            self.tell("path", x, y, int(delay_ms * 1000), int(jitter_ms * 1000), int(loss * 1e6),
                      int(double * 1e6), rate_kbit, queue_ms)

    def cut(self, a, b, both=True):
        for x, y in ((a, b), (b, a)) if both else ((a, b),):
            self.tell("cut", x, y)

    def join(self, a, b, both=True):
        for x, y in ((a, b), (b, a)) if both else ((a, b),):
            self.tell("join", x, y)

    def payload_bytes(self, a, b):
        """Bytes above TCP that went from a to b (0: any)."""
        return int(self.tell("count", a, b).split()[0])

    def inside(self, place):
        """What stands before a command that is to run in a namespace."""
        return ("nsenter", f"--net=/proc/{self.pid}/fd/{self.files[place - 1]}")


def helper(name):
    """Path of a program of tests/lib; skips the test where it is not built."""
    return system.need_program(name, os.path.join(system.BIN, "..", "tests"))


class Node(federation.Node):
    """One CERT's node in a namespace of its own."""

    def __init__(self, line, place, *arguments):
        super().__init__(*arguments, port=PORT)
        self.line, self.place = line, place
        self.address = address(place)

    def start(self, wait=True, wrapper=(), environment=None):
        return super().start(wait, (*self.line.inside(self.place), *wrapper), environment)


def found(line, *handles, name="Test federation"):
    """As federation.found; the nodes live in the namespaces of `line`, in their order."""
    places = iter(range(1, len(handles) + 1))
    return federation.found(*handles, name=name,
                            make=lambda *arguments: Node(line, next(places), *arguments))
