#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A backup holds everything but the log key, whole or not at all, beside a running node or without
one; what is unpacked verifies."""
import json
import os
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

check = system.check
HELD = {"tocsin.conf", "node.key", "org.key", "card", "federation", "store/data.mdb"}


def unpack(path, folder):
    os.mkdir(folder, 0o700)
    os.mkdir(os.path.join(folder, "store"), 0o700)
    with tarfile.open(path) as tar:
        names = tar.getnames()
        for member in tar.getmembers():
            data = tar.extractfile(member).read()
            target = os.open(os.path.join(folder, member.name), os.O_CREAT | os.O_WRONLY, 0o600)
            with open(target, "wb") as file:
                file.write(data)
    return names


def backup_claims(cert, how, folder):
    node = cert["AA"]
    path = os.path.join(folder, f"{how}.backup")
    row = node.json("backup", path)[0]
    check(row["path"] == path and row["size"] == os.path.getsize(path) and
          os.stat(path).st_mode & 0o777 == 0o600, f"{how}: it says path and size; mode 0600")
    names = unpack(path, os.path.join(folder, how))
    check(set(names) == HELD, f"{how}: it holds what it must, and never log.key {names}")
    with open(path, "rb") as file:
        whole = file.read()
    with open(os.path.join(node.home, "log.key"), "rb") as file:
        check(file.read()[20:] not in whole, f"{how}: no byte run of log.key is in it")
    done = node.cli("backup", path, status=None)
    with open(path, "rb") as file:
        same = file.read() == whole
    check(done.returncode == 5 and "exists" in done.stderr and done.stderr.count("\n") == 1 and
          same, f"{how}: a file that exists is refused and stays")
    check(not [name for name in os.listdir(folder) if name.endswith((".new", ".store"))],
          f"{how}: nothing else is left beside it")
    report = json.loads(federation.run_cli("verify", "--home", os.path.join(folder, how),
                                           "--json").stdout)
    check(report["damaged"] == 0 and report["entries"] >= 20 and report["signatures"] > 0,
          f"{how}: what is unpacked verifies, signatures too")
    nowhere = node.cli("backup", os.path.join(folder, "no", "such"), status=None)
    check(nowhere.returncode == 5 and nowhere.stderr.count("\n") == 1,
          f"{how}: a folder that is not there exits 5 with one line")


def main():
    cert = federation.found("AA", "BB", "CC", name="Backup")
    folder = system.scratch()
    cert.start("AA")
    for number in range(20):
        cert["AA"].publish("--to", "all", "--tlp", "green", "--title", f"bulletin {number}")
    backup_claims(cert, "running", folder)
    cert["AA"].stop()
    backup_claims(cert, "stopped", folder)
    cert["AA"].start()
    check(len(cert["AA"].json("query")) == 20, "the node goes on with all that it had")
    cert["AA"].stop()
    system.finish()


if __name__ == "__main__":
    main()
