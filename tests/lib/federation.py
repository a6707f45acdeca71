# SPDX-License-Identifier: EUPL-1.2
"""A federation of real nodes on loopback, for system tests in Python.

    import federation
    cert = federation.found("AA", "BB", "CC", "DD")     # homes, genesis, all adopted, none started
    cert.start("AA", "BB", "CC")
    ident = cert["AA"].publish("--to", "all", "--tlp", "green", "--title", "x", "file.json")
    cert["BB"].wait_visible(ident)

Homes lie in a scratch folder that goes with the test; nodes that still run end with it.
"""
import json
import os
import signal
import subprocess

import system

# Ten times the goals of the design pages, and room for a loaded machine.
START_S = 30
LINK_S = 30
VISIBLE_S = 30
STOP_S = 20

_environment = dict(os.environ, TOCSIN_TEST_ARGON_KIB="8", NO_COLOR="1")
_environment.pop("TOCSIN_HOME", None)


def tocsin():
    """Path of the command line; skips the test where the programs are not built."""
    for name in ("tocsind", "tocsin-index"):
        system.need_program(name)
    return system.need_program("tocsin")


def run_cli(*arguments, stdin=None, status=0, timeout_s=120, text=True):
    """Runs `tocsin`; `status` None takes any exit status. Bytes come back with text=False."""
    done = subprocess.run([tocsin(), *arguments], input=stdin, capture_output=True, text=text,
                          timeout=timeout_s, env=_environment,
                          **({"stdin": subprocess.DEVNULL} if stdin is None else {}))
    if status is not None and done.returncode != status:
        raise AssertionError(f"tocsin {' '.join(map(str, arguments))}: exit {done.returncode}, "
                             f"wanted {status}\n{done.stdout}{done.stderr}")
    return done


class Node:
    """One CERT with one node."""

    def __init__(self, folder, handle, country, port=None):
        self.folder, self.handle, self.country = folder, handle, country
        self.home = os.path.join(folder, handle)
        self.address = "127.0.0.1"
        self.port = port or system.free_port()
        self.credential = os.path.join(folder, f"{handle}.cred")
        self.log = os.path.join(folder, f"{handle}.log")
        self.child = None

    def init(self):
        with open(self.credential, "wb") as file:
            file.write(os.urandom(32))
        os.chmod(self.credential, 0o600)
        self.cli("init", "--org", self.handle, "--country", self.country, "--listen",
                 f"{self.address}:{self.port}", "--credential", self.credential, "--recovery-out",
                 os.path.join(self.folder, f"{self.handle}-recovery.key"))
        self.card = os.path.join(self.folder, f"{self.handle}.card")
        with open(self.card, "w", encoding="ascii") as file:
            file.write(self.cli("card").stdout)

    def cli(self, command, *arguments, **options):
        return run_cli(command, *arguments, "--home", self.home, **options)

    def json(self, command, *arguments, **options):
        """The rows that a command prints with --json."""
        text = self.cli(command, *arguments, "--json", **options).stdout
        return [json.loads(line) for line in text.splitlines()]

    def start(self, wait=True, wrapper=(), environment=None):
        """Starts tocsind in the foreground of a child; waits until it answers."""
        self.child = system.start(*wrapper, tocsin(), "run", "--home", self.home, "--credential",
                                  self.credential, log=self.log,
                                  env=dict(_environment, **(environment or {})))
        if wait:
            self.wait_answering()
        return self.child

    def answers(self):
        if self.child is not None and self.child.poll() is not None:
            raise AssertionError(f"{self.handle} ended with {self.child.returncode}:\n"
                                 f"{self.log_text()[-2000:]}")
        return self.cli("status", status=None).returncode == 0

    def wait_answering(self):
        system.wait_for(self.answers, START_S, f"{self.handle} answers")

    def stop(self, number=signal.SIGTERM):
        """Stops the node by a signal; its exit status (negative: the signal that ended it)."""
        child, self.child = self.child, None
        return system.stop(child, number, STOP_S)

    def kill(self):
        return self.stop(signal.SIGKILL)

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def link_count(self):
        return sum(row["established"] for row in self.json("peers"))

    def wait_links(self, count):
        system.wait_for(lambda: self.link_count() >= count, LINK_S,
                        f"{self.handle} has {count} links")

    def publish(self, *arguments, **options):
        """Publishes; the full id."""
        return self.cli("publish", *arguments, **options).stdout.strip()

    def sees(self, ident):
        return self.cli("query", f"id:{ident}", status=None).returncode == 0

    def wait_visible(self, ident):
        system.wait_for(lambda: self.sees(ident), VISIBLE_S, f"{self.handle} sees {ident[:10]}")

    def lookup(self, *values):
        """The JSON rows of a lookup, whatever it finds."""
        return self.json("lookup", *values, status=None)

    def knows(self, value):
        return any(row["known"] for row in self.lookup(value))

    def files(self):
        """Every regular file of the home, as (path, bytes)."""
        for folder, _, names in os.walk(self.home):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        yield path, file.read()


class Federation(dict):
    """Nodes by handle."""

    def start(self, *handles):
        for handle in handles:
            self[handle].start(wait=False)
        for handle in handles:
            self[handle].wait_answering()

    def stop(self):
        for node in self.values():
            if node.child is not None:
                node.stop()


def countries():
    """Codes of real countries, in an order of their own."""
    return ["FR", "PL", "EE", "PT", "SE", "IT", "CZ", "FI", "GR", "IE", "NL", "AT"]


def found(*handles, name="Test federation", folder=None, make=Node):
    """Homes for `handles`, one genesis, signed and adopted by all. `make` makes the nodes."""
    folder = folder or system.scratch()
    nodes = Federation()
    for handle, country in zip(handles, countries()):
        nodes[handle] = make(folder, handle, country)
        nodes[handle].init()
    genesis = os.path.join(folder, "genesis")
    first = nodes[handles[0]]
    first.cli("federation", "found", "--name", name, "-o", genesis, "--credential",
              first.credential, *(node.card for node in nodes.values()))
    for node in nodes.values():
        node.cli("federation", "sign", genesis, "--yes", "--credential", node.credential)
    for node in nodes.values():
        node.cli("federation", "adopt", genesis, "--credential", node.credential)
    return nodes
