#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Strangers at the door of a real node: a thousand that say nothing, some that say a byte now and then,
some that talk nonsense. Members link and publish meanwhile, and the node grows by little.
"""
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

check = system.check

IDLE = 1000        # connections of one source
LORIS = 200        # connections that begin an opening, a byte at a time
SOURCES = 600      # connections of as many sources
ROWS_SOURCE = 8    # PROTOCOL.md
ROWS = 384
GROWTH_KIB = 65536  # design: 64 MiB


def connect(port, source):
    """A connection to the node from an address of loopback."""
    tcp = socket.socket()
    tcp.bind((source, 0))
    tcp.settimeout(10)
    tcp.connect(("127.0.0.1", port))
    tcp.setblocking(False)
    return tcp


def still_open(connections):
    """Those that the node has not closed."""
    left = []
    for tcp in connections:
        try:
            if tcp.recv(1) != b"":
                left.append(tcp)
        except BlockingIOError:
            left.append(tcp)
        except OSError:
            pass
    return left


def at_most(connections, count):
    return lambda: len(still_open(connections)) <= count


def resident_kib(node):
    with open(f"/proc/{daemon_of(node)}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


def daemon_of(node):
    """`tocsin run` becomes tocsind, or starts it."""
    pid = node.child.pid
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        if file.read().strip() == "tocsind":
            return pid
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return int(file.read().split()[0])


def descriptors(node):
    return len(os.listdir(f"/proc/{daemon_of(node)}/fd"))


def links_anew(cert, what):
    """BB starts again, links with AA, and gets what AA publishes."""
    began = time.monotonic()
    cert["BB"].start()
    cert["BB"].wait_links(1)
    ident = cert["AA"].publish("--to", "all", "--tlp", "green", "--title", what)
    cert["BB"].wait_visible(ident)
    check(True, f"{what}: a member links and gets a bulletin ({time.monotonic() - began:.1f} s)")
    cert["BB"].stop()


def crowd(cert, what, sources, wanted, first=b""):
    """One connection from each source; the node keeps `wanted` of them, and serves its members."""
    node = cert["AA"]
    connections = []
    for source in sources:
        try:
            tcp = connect(node.port, source)
            if first:
                tcp.send(first)
            connections.append(tcp)
        except OSError:
            pass
    system.wait_for(at_most(connections, wanted), 30, f"{what}: few are left")
    left = len(still_open(connections))
    check(left <= wanted, f"{what}: {left} of {len(connections)} are left, {wanted} at most")
    links_anew(cert, what)
    return connections


def slow_loris(cert):
    """Openings that come a byte at a time end after 5 s, whatever comes."""
    connections = [connect(cert["AA"].port, f"127.8.{i}.1") for i in range(LORIS)]
    opening = b"TOCSIN\x01\x01" + bytes(114)
    began, sent = time.monotonic(), 0

    def drip():
        nonlocal sent
        for tcp in connections:
            try:
                tcp.send(opening[sent % 100:sent % 100 + 1])
            except OSError:
                pass
        sent += 1
        return not still_open(connections)

    links_anew(cert, "a byte at a time")
    system.wait_for(drip, 60, "the slow ones are closed")
    check(time.monotonic() - began < 60, f"{LORIS} that say a byte at a time are closed "
                                         f"({time.monotonic() - began:.1f} s)")
    for tcp in connections:
        tcp.close()


def flood(cert, seconds):
    """Connections as fast as one process opens them; the node answers its own people meanwhile."""
    node, end, count, slowest = cert["AA"], time.monotonic() + seconds, 0, 0.0
    asked = time.monotonic()
    open_ones = []
    while time.monotonic() < end:
        try:
            open_ones.append(connect(node.port, f"127.{count % 200 + 20}.{count // 200 % 250}.1"))
        except OSError:
            pass
        count += 1
        if len(open_ones) > 300:
            open_ones.pop(0).close()
        if time.monotonic() - asked > 0.5:
            before = time.monotonic()
            answered = node.answers()
            slowest = max(slowest, time.monotonic() - before)
            asked = time.monotonic()
            if not answered:
                check(False, "the node answers while others connect")
    for tcp in open_ones:
        tcp.close()
    check(slowest < 5, f"{count} connections in {seconds} s: `status` takes {slowest:.2f} s at most")


def main():
    folder = system.scratch()
    cert = federation.found("AA", "BB", "CC", name="Strangers", folder=folder)
    cert.start("AA", "CC")
    cert["AA"].wait_links(1)
    links_anew(cert, "quiet")
    node = cert["AA"]
    memory, files = resident_kib(node), descriptors(node)
    held = crowd(cert, f"{IDLE} idle of one source", ["127.9.9.9"] * IDLE, ROWS_SOURCE)
    held += crowd(cert, f"idle ones of {SOURCES} sources",
                  [f"127.{i // 250 + 10}.{i % 250}.7" for i in range(SOURCES)], ROWS)
    held += crowd(cert, "nonsense", [f"127.30.{i}.7" for i in range(200)], 0,
                  b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    slow_loris(cert)
    flood(cert, 5)
    growth = resident_kib(node) - memory
    check(growth < GROWTH_KIB, f"memory has grown by {growth} KiB")
    for tcp in held:
        tcp.close()
    system.wait_for(lambda: descriptors(node) <= files + 8, 30, "descriptors are given back")
    check(True, f"descriptors: {files} before, {descriptors(node)} after")
    lines = [line for line in node.log_text().splitlines() if "127.30." in line]
    check(len(lines) <= 20, f"{len(lines)} lines of log about 200 strangers")
    check(node.link_count() >= 1, "the link that stood before stands")
    cert.stop()
    system.finish()


if __name__ == "__main__":
    main()
