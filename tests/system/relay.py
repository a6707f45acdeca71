#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A relay (index = no) passes on what it gets, however many large bulletins one author publishes.

AA publishes more payloads that do not travel with their entries than a node may lack of one author
(R-13.25: 512). BB, a relay, is the only neighbour of AA and of CC, and CC gets all of them.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

FILES = 560
FILE_BYTES = 66000  # more than lies in a block
A_REQUEST = 40
CARRIED_S = 240

check = system.check


def configure(node, before, after):
    conf = os.path.join(node.home, "tocsin.conf")
    with open(conf, encoding="ascii") as file:
        text = file.read()
    check(before in text, f"{node.handle} has {before} unless it is told otherwise")
    with open(conf, "w", encoding="ascii") as file:
        file.write(text.replace(before, after))


def publish_files(node):
    folder = os.path.join(node.folder, "large")
    os.mkdir(folder)
    paths = [os.path.join(folder, f"{number}.bin") for number in range(FILES)]
    for path in paths:
        with open(path, "wb") as file:
            file.write(os.urandom(FILE_BYTES))
    for first in range(0, FILES, A_REQUEST):
        node.cli("publish", "--each", "--to", "all", "--tlp", "clear",
                 *paths[first:first + A_REQUEST])


def main():
    cert = federation.found("AA", "BB", "CC", name="Relay")
    configure(cert["BB"], "index = yes", "index = no")
    for handle in ("AA", "CC"):  # so that they cannot reach each other
        listen = f"listen = 127.0.0.1:{cert[handle].port}"
        configure(cert[handle], listen, "listen = none")
    cert.start("AA", "BB")
    cert["AA"].wait_links(1)
    publish_files(cert["AA"])
    cert["CC"].start()
    system.wait_for(lambda: len(cert["CC"].json("query", "tlp:clear", "--limit", "1000",
                                                status=None)) == FILES,
                    CARRIED_S, "all of them reach who knows the relay alone")
    check(cert["CC"].link_count() == 1, "CC is linked with the relay alone")
    check(True, f"{FILES} large bulletins of one author go through a relay")
    for handle in ("AA", "BB", "CC"):
        check(cert[handle].stop() == 0, f"{handle}: SIGTERM ends it with 0")
    system.finish()


if __name__ == "__main__":
    main()
