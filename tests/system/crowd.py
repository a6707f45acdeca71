#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Strangers crowd a node's door, and its members notice little.

From namespaces of their own they open 2,000 connections and leave them, send first messages a byte
at a time, first messages that no gate lets in at a rate, and noise. At full length: 10,000
connections and 5,000 first messages a second. Meanwhile two members publish to
each other and look up through the node. Prints how long that takes at rest and in the crowd (the
goal is twice); asserts ten times that, and that the node's memory grows by 64 MB at most.
"""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import net
import system

CROWD = 3     # the first namespace of strangers; one address has ports for 400 connections a second
CROWDS, IDLE = (12, 10_000) if system.FULL else (1, 2_000)
ROUNDS = 40
GROWN_KIB_MAX = 64 * 1024
FILES_MAX = 300  # of a node: links and strangers have two each
SLOWER = 2    # the goal; ten times that is the bound
FLOOR_MS = 100  # below it a machine's own hiccups decide
check = system.check

STRANGERS = """
import os, random, select, signal, socket, struct, sys, time
target = (sys.argv[1], int(sys.argv[2]))
idle_max, loris_max, rate = int(sys.argv[3]), 100, 420
noise = random.Random(1)

def connect():
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(target)
    return client

def first_message():
    return b'TOCSIN' + bytes([1, 1]) + noise.randbytes(16) + struct.pack('>H', 96) + noise.randbytes(96)

idle, loris, told, watch = [], {}, False, select.poll()
sent, start = 0, time.monotonic()

def end(*_):
    print(int(sent / (time.monotonic() - start)), flush=True)
    os._exit(0)

signal.signal(signal.SIGTERM, end)

def begin():
    client = connect()
    loris[client.fileno()] = [client, first_message(), 0]
    watch.register(client, select.POLLIN)

def begin_again(number):
    watch.unregister(number)
    loris.pop(number)[0].close()
    begin()

for _ in range(loris_max):
    begin()
tick = time.monotonic()
while True:
    idle += [connect() for _ in range(min(50, idle_max - len(idle)))]
    for number in list(loris):
        one = loris[number]
        try:
            one[0].send(one[1][one[2]:one[2] + 1])
            one[2] = (one[2] + 1) % len(one[1])
        except BlockingIOError:
            pass
        except OSError:
            begin_again(number)
    for _ in range(rate // 10):
        with socket.socket() as client:
            client.settimeout(1)
            try:
                client.connect(target)
                client.send(first_message() if noise.random() < 0.7 else noise.randbytes(500))
                sent += 1
            except OSError:
                pass
    if len(idle) >= idle_max and not told:
        told = True
        print('all are here', flush=True)
    tick = max(tick + 0.1, time.monotonic())
    while (left := tick - time.monotonic()) > 0:
        for number, _ in watch.poll(left * 1000):
            begin_again(number)  # the node has closed it
"""


def rss_kib(node):
    with open(f"/proc/{node.child.pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


def rounds(cert, name):
    """Milliseconds of each: a publication on AA until BB sees it, and a lookup on AA."""
    shared, looked = [], []
    for i in range(ROUNDS):
        value = f"n{i}.{name}.example"
        start = time.monotonic()
        ident = cert["AA"].publish("--to", "all", "--tlp", "green", "--title", value, "--ioc",
                                   f"domain:{value}")
        cert["BB"].wait_visible(ident)
        shared.append((time.monotonic() - start) * 1000)
        start = time.monotonic()
        assert cert["AA"].knows(value)
        looked.append((time.monotonic() - start) * 1000)
    return sorted(shared), sorted(looked)


def compare(what, rest, crowd):
    p99 = [times[int(0.99 * len(times))] for times in (rest, crowd)]
    p50 = [times[len(times) // 2] for times in (rest, crowd)]
    check(p99[1] <= 10 * SLOWER * max(p99[0], FLOOR_MS),
          f"{what}: p50 {p50[0]:.0f} ms at rest, {p50[1]:.0f} in the crowd; p99 {p99[0]:.0f} and "
          f"{p99[1]:.0f} (goal {SLOWER}x)")


def main():
    if system.LIGHT:
        system.skip("times and memory under a sanitizer are not the node's")
    line = net.Net(CROWD - 1 + CROWDS)
    cert = net.found(line, "AA", "BB", "CC")
    cert.start("AA", "BB")
    cert["BB"].wait_links(1)
    rest = rounds(cert, "rest")
    before = rss_kib(cert["AA"])
    crowds = [subprocess.Popen([*line.inside(place), sys.executable, "-c", STRANGERS,
                                net.address(1), str(net.PORT), str(IDLE // CROWDS)],
                               stdout=subprocess.PIPE, text=True)
              for place in range(CROWD, CROWD + CROWDS)]
    try:
        check(all(crowd.stdout.readline().strip() == "all are here" for crowd in crowds),
              f"{IDLE} connections and more came")
        busy = rounds(cert, "crowd")
        grown = rss_kib(cert["AA"]) - before
        files = len(os.listdir(f"/proc/{cert['AA'].child.pid}/fd"))
        check(files <= FILES_MAX, f"the node has {files} files open (at most {FILES_MAX})")
        cert["CC"].start()
        cert["CC"].wait_links(2)
        check(True, "a member at the strangers' own address has its links")
        check(all(crowd.poll() is None for crowd in crowds), "the strangers stayed to the end")
    finally:
        for crowd in crowds:
            crowd.terminate()
        sent = sum(int(crowd.stdout.readline() or 0) for crowd in crowds)
    print(f"the strangers sent {sent} first messages a second")
    compare("a publication until the neighbour sees it", rest[0], busy[0])
    compare("a lookup", rest[1], busy[1])
    check(grown <= GROWN_KIB_MAX, f"the node has grown by {grown} KiB (at most {GROWN_KIB_MAX})")
    check(cert["AA"].link_count() >= 1, "the members' link stands")
    for handle in ("AA", "BB", "CC"):
        check(cert[handle].stop() == 0, f"{handle}: SIGTERM ends it with 0")
    system.finish()


if __name__ == "__main__":
    main()
