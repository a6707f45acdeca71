#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The control socket bears whatever a local program does to it, and notes who did what.

Raw frames: noise, lengths that promise more than comes, half requests, replies that nobody reads,
more clients than places. The node must answer others meanwhile and keep its memory.
"""
import os
import random
import socket
import stat
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system
import terminal

ANSWER_S = 20
GROWN_KIB_MAX = 48 * 1024  # queues and buffers of all clients together, and malloc's slack
PLACES = 64
check = system.check


def connect(node):
    folder = os.open(node.home, os.O_PATH)
    try:
        client = socket.socket(socket.AF_UNIX)
        client.connect(f"/proc/self/fd/{folder}/control")
        client.settimeout(ANSWER_S)
        return client
    finally:
        os.close(folder)


def text(value):
    raw = value.encode()
    head = bytes([0xa0 | len(raw)]) if len(raw) < 32 else bytes([0xd9, len(raw)])
    return head + raw


def frame(body):
    return struct.pack("<I", len(body)) + body


def request(command):
    return frame(b"\x81\x01" + text(command))


def read_exactly(client, count):
    data = b""
    while len(data) < count:
        more = client.recv(count - len(data))
        if not more:
            return None
        data += more
    return data


def read_frames(client):
    """Bodies up to the end of a reply (a map that begins with END, true) or of the connection."""
    while True:
        head = read_exactly(client, 4)
        body = head and read_exactly(client, struct.unpack("<I", head)[0])
        if not body:
            return
        yield body
        if body[1:3] == b"\x03\xc3":
            return


def rss_kib(node):
    with open(f"/proc/{node.child.pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


def check_grown(node, before, most_kib, claim):
    """The node has grown by less than this; a sanitizer's own memory would be counted with it."""
    if system.LIGHT:
        system.skip_one(claim, "memory is measured without sanitizers")
        return
    grown = rss_kib(node) - before
    check(grown < most_kib, f"{claim} ({grown} of {most_kib} KiB)")


def answers(node):
    with connect(node) as client:
        client.sendall(request("status"))
        return len(list(read_frames(client))) == 2


def noise_claims(node):
    choose = random.Random(7)
    for number in range(200):
        with connect(node) as client:
            client.sendall(choose.randbytes(choose.randrange(1, 300)))
            client.shutdown(socket.SHUT_WR)
    check(answers(node), "200 clients of noise hurt nobody")
    for body in (b"", b"\xc0", b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff",
                 b"\x91" * 100000 + b"\xc0", b"\x81\x01\xdb\xff\xff\xff\xff"):
        with connect(node) as client:
            client.sendall(frame(body))
            replies = list(read_frames(client))
            if body and not replies:
                break
    else:
        check(True, "bodies that promise too much, or nest too deep, are refused with a line")
        return
    check(False, f"a body was not answered: {body[:8].hex()}")


def unread_claims(node):
    """Clients that ask for a document and read nothing of it: nobody waits for them, and the node
    keeps but a little of what they asked for."""
    path = os.path.join(node.folder, "large.txt")
    size = 8 * 1024 * 1024
    with open(path, "w", encoding="ascii") as file:
        file.write(random.Random(11).randbytes(size // 2).hex())
    ident = node.publish("--to", "all", "--tlp", "green", "--title", "large", path)
    before = rss_kib(node)
    body = b"\x83\x01" + text("show") + b"\x13" + text(ident) + b"\x14\x01"
    clients = []
    for _ in range(8):
        client = connect(node)
        client.sendall(frame(body))
        clients.append(client)
    check(answers(node), "8 clients that read nothing of 8 MiB do not stop the others")
    check_grown(node, before, 8 * 3 * size // 1024,
                "nor is more kept for each than the document and a queue")
    with connect(node) as client:
        client.sendall(frame(body))
        got = sum(len(reply) for reply in read_frames(client))
    check(got > size, "who reads gets all of it")
    for client in clients:
        client.close()
    check(answers(node), "when they go the node goes on")


def promise_claims(node):
    before = rss_kib(node)
    clients = []
    for _ in range(40):
        client = connect(node)
        client.sendall(struct.pack("<I", 64 * 1024 * 1024) + b"\x81\x01")
        clients.append(client)
    check(answers(node), "40 announced requests of 64 MiB do not stop the others")
    check_grown(node, before, GROWN_KIB_MAX, "memory is had for bytes, not for promises")
    with connect(node) as client:
        client.sendall(struct.pack("<I", 66 * 1024 * 1024))
        check(client.recv(1) == b"", "a request above the bound ends the connection")
    for client in clients:
        client.close()


def place_claims(node):
    idle = [connect(node) for _ in range(PLACES + 20)]
    check(answers(node), f"{PLACES + 20} idle clients leave a place for the next")
    for client in idle:
        client.close()
    for what, begun in (("half a length", b"\x05\x00"),
                        ("half a request", b"\x05\x00\x00\x00\x81")):
        half = [connect(node) for _ in range(PLACES)]
        for client in half:
            client.sendall(begun)
        check(node.cli("status", status=None).returncode == 0 and answers(node),
              f"so do {PLACES} that sent {what}")
        for client in half:
            client.close()
    client = connect(node)
    client.sendall(b"\x05\x00")
    check(client.recv(1) == b"", "who stops within a length is closed")
    client.close()


def descriptor_claims(node):
    """Three descriptors, and one for the folder: none for the socket."""
    done = subprocess.run(["sh", "-c", 'ulimit -n 4; exec "$@"', "sh", federation.tocsin(), "query",
                           "--home", node.home], capture_output=True, text=True, check=False)
    check(done.returncode == 4 and "open files" in done.stderr and done.stderr.count("\n") == 1,
          "a program without descriptors does not say that no node runs")


def pager_claims(node):
    """Four people leave a long list in their pagers."""
    path = os.path.join(node.folder, "long.txt")
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"h{i}.bad{i % 977}.example.net\n" for i in range(60000))
    ident = node.publish("--to", "all", "--tlp", "green", "--title", "long", path)
    pagers = [subprocess.Popen([federation.tocsin(), "show", ident, "--facts", "--json", "--home",
                                node.home], stdout=subprocess.PIPE) for _ in range(4)]
    for pager in pagers:
        pager.stdout.read(1)
    check(node.cli("status", timeout_s=ANSWER_S).returncode == 0 and
          node.publish("--to", "all", "--tlp", "green", "--title", "x", timeout_s=ANSWER_S),
          "4 pagers in the middle of 60,000 facts stop neither status nor publish")
    for pager in pagers:
        pager.kill()
        pager.wait()


def audit_claims(node, ident):
    with open(os.path.join(node.home, "audit.log"), encoding="utf-8") as file:
        lines = file.read().splitlines()
    mine = [line.split("\t") for line in lines]
    uid = f"uid={os.getuid()}"
    check(all(row[2] == uid for row in mine), "every line names the caller's uid")
    check(any(row[3] == "publish" and row[4] == "done" and ident in row[5] for row in mine),
          "a publication is noted with its id")
    check(any(row[3] == "publish" and row[4] == "POLICY" for row in mine),
          "a refused one with the reason's name")
    check(any(row[3] == "unknown" for row in mine), "so is a request that cannot be read")
    check(not any(row[3] in ("status", "peers") for row in mine), "asking for the state is no act")


def small_quota(node):
    """Two entries at once, and hardly any more."""
    conf = os.path.join(node.home, "tocsin.conf")
    with open(conf, encoding="ascii") as file:
        text = file.read()
    with open(conf, "w", encoding="ascii") as file:
        file.write(text.replace("burst = 1000", "burst = 2").replace("entries_hour = 200",
                                                                     "entries_hour = 2"))


def quota_claims(node):
    """Who publishes more than its quota is told so, once."""
    told = "this organisation publishes more than its quota"
    for number in range(6):
        node.publish("--to", "all", "--tlp", "clear", "--title", f"beyond {number}")
    alarms = system.wait_for(lambda: [alarm for alarm in node.json("status")[0]["alarms"]
                                      if alarm.startswith(told)], 30, "the alarm of the quota")
    check(alarms == [f"{told}: what is beyond is announced, and the others fetch it later"],
          f"an alarm says that the quota is exceeded, and what follows {alarms}")
    check(told in node.cli("status").stdout, "and stands where people look")
    check(node.log_text().count(told) == 1, "the log says so once")


def down_claims(node):
    """Why no link to a node stands, when it was tried, and when it is again."""
    refused = "connection refused: nothing listens at its address"
    rows = system.wait_for(lambda: [row for row in node.json("peers") if row.get("down_why") ==
                                    refused], 30, "nobody listens there, and peers says so")
    check({row["org"] for row in rows} == {"BB", "CC"} and not any(row["established"] for row in rows),
          f"each node that is down says why {[row['org'] for row in rows]}")
    check(all(row["tried_at"] and row["ended_at"] and 0 <= row["next_try_ms"] <= 60000 for row in rows),
          f"when it was tried, and when it is again {rows[0]}")
    lines = node.cli("peers").stdout.splitlines()
    check(len(lines) == 2 and all(line.split("\t")[2:4] == ["down", refused] for line in lines),
          f"in a pipe WHY says it {lines}")
    screen = terminal.on_terminal(node, "peers").decode().splitlines()
    below = [line for line in screen if line.rstrip().endswith(refused)]
    check(len(below) == 2 and all(len(line) <= 100 for line in below) and
          any(line.split() == ["DOWN", "NODE", "TRIED", "AGAIN", "WHY"] for line in screen),
          f"on a terminal a line of its own, below, of at most 100 columns {below}")


def main():
    cert = federation.found("AA", "BB", "CC", name="Control")
    node = cert["AA"]
    small_quota(node)
    cert.start("AA")
    mode = os.stat(os.path.join(node.home, "control")).st_mode
    check(stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600, "the socket is its owner's alone")
    ident = node.publish("--to", "BB", "--tlp", "red", "--title", "secret", "--ioc",
                         "domain:red.example.com")
    node.cli("publish", "--to", "all", "--tlp", "red", "--title", "refused", status=3)
    noise_claims(node)
    promise_claims(node)
    place_claims(node)
    descriptor_claims(node)
    unread_claims(node)
    pager_claims(node)
    audit_claims(node, ident)
    down_claims(node)
    quota_claims(node)
    check(node.stop() == 0, "SIGTERM ends it with 0")
    check(not os.path.exists(os.path.join(node.home, "control")), "and the socket is gone")
    system.finish()


if __name__ == "__main__":
    main()
