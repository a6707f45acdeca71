#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Nothing printed attacks the reader: hostile strings in every text field, read back on terminals
and in pipes, on the author's node and on another one. No raw control byte, no mark that turns the
direction of writing, comes out; documents alone come out of a pipe as they went in.
"""
import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

check = system.check

# What a terminal or an eye would obey. A line feed ends a row, a tab separates cells; a terminal
# turns \n into \r\n.
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e"
                     "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]")
OURS = ["\x1b[31mred", "\x1b]0;title\x07", "\x1b]8;;http://evil.example\x1b\\link", "\x9b31m",
        "a\rb", "a\bb", "\u202egpj.exe", "\u2066x\u2069", "line one\nline two", "tab\tstop",
        "\x7f", "\x00", "\u2028", "\U000e0041tag", "=cmd|' /C calc'!A0", "%s%n%x", "\\x1b[31m",
        "\x1bP+q544e\x1b\\", "\x1b[6n", "\x1b[2J\x1b[H", "\u200bzero width"]


def strings():
    path = system.need_shared("vectors/strings/blns.json")
    with open(path, encoding="utf-8") as file:
        return OURS + [text for text in json.load(file) if text]


def stix(texts):
    """One bundle that carries every string in its names, descriptions, labels and patterns."""
    made = "2026-01-01T00:00:00.000Z"
    objects = []
    for number, text in enumerate(texts):
        quoted = text.replace("\\", "\\\\").replace("'", "\\'")
        ident = str(uuid.UUID(int=number + (1 << 100), version=4))
        objects.append({"type": "indicator", "spec_version": "2.1", "id": f"indicator--{ident}",
                        "created": made, "modified": made, "valid_from": made, "name": text,
                        "description": text, "labels": [text], "pattern_type": "stix",
                        "pattern": f"[file:name = '{quoted}']"})
        objects.append({"type": "threat-actor", "spec_version": "2.1",
                        "id": f"threat-actor--{ident}", "created": made, "modified": made,
                        "name": text, "aliases": [text], "threat_actor_types": [text]})
    return json.dumps({"type": "bundle", "id": f"bundle--{uuid.UUID(int=1, version=4)}",
                       "objects": objects}, ensure_ascii=False)


def on_terminal(node, *words):
    """What a command prints when stdin, stdout and stderr are a terminal."""
    master, slave = pty.openpty()
    child = subprocess.Popen([federation.tocsin(), *words, "--home", node.home], stdin=slave,
                             stdout=slave, stderr=slave,
                             env=dict(os.environ, NO_COLOR="1", TERM="xterm"))
    os.close(slave)
    output = b""
    while True:
        ready, _, _ = select.select([master], [], [], 60)
        if not ready:
            child.kill()
            raise TimeoutError(f"{words} says nothing for 60 s")
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        output += part
    child.wait(60)
    os.close(master)
    return output.replace(b"\r\n", b"\n")


def harmful(output):
    """The harmful characters of an output, bad UTF-8 included."""
    try:
        return sorted(set(HARMFUL.findall(output.decode("utf-8"))))
    except UnicodeDecodeError as error:
        return [f"bytes that are no UTF-8: {error}"]


def publish_natively(node, texts):
    """One bulletin a string, the string in every free text field; then each string in a field that
    takes only certain words. What is refused says so on one clean line."""
    idents, refused, bad = [], 0, []
    free = ["title", "summary", "ref", "actor", "sector"]
    strict = ["cve", "technique", "target", "tlp", "kind", "severity", "pap", "lang", "valid-until", "to"]
    for number, text in enumerate(texts):
        if "\0" in text:
            continue
        words = {name: text for name in free}
        if number % 4 == 0:
            words[strict[number // 4 % len(strict)]] = text
        done = node.cli("publish", *sum(([f"--{name}={word}"] for name, word in
                                         ({"to": "all", "tlp": "green"} | words).items()), []),
                        f"--ioc=other:{text}", f"--ioc=user-agent:{text}", status=None,
                        text=False)
        if done.returncode == 0:
            idents.append(done.stdout.decode().strip())
            continue
        refused += 1
        if done.returncode not in (2, 3) or done.stderr.count(b"\n") != 1 or harmful(done.stderr):
            bad.append((text, done.returncode, done.stderr))
    check(not bad, f"{refused} strings are refused on one clean line {bad[:3]}")
    check(idents, f"{len(idents)} strings are published in seven native fields each")
    return idents


def read_everything(node, idents, texts):
    commands = [["query"], ["query", "--json"], ["status"], ["peers"], ["status", "--json"]]
    for ident in idents:
        commands += [["show", ident], ["show", ident, "--facts"], ["show", ident, "--json"]]
    for text in texts[:60]:
        if "\0" not in text:
            commands += [["lookup", "--", text], ["lookup", "--why", "--json", "--", text],
                         ["query", "--", text], ["show", "--", text]]
    found = {}
    for words in commands:
        done = node.cli(*words, status=None, text=False, timeout_s=60) \
            if "--" not in words else subprocess.run(
                [federation.tocsin(), words[0], "--home", node.home, *words[1:]],
                stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        for where, output in (("stdout", done.stdout), ("stderr", done.stderr)):
            if harmful(output):
                found[f"{words[0]} {where}"] = harmful(output)
        if done.returncode < 0 or done.returncode > 5:
            found[f"{words[0]} status"] = done.returncode
        if "--json" in words:
            for line in done.stdout.decode().splitlines():
                json.loads(line)
    check(not found, f"{node.handle}: {len(commands)} commands into pipes print nothing harmful "
                     f"{found}")


def read_on_terminal(node, idents):
    found = {}
    commands = [["query"], ["query", "--limit", "0"], ["status"], ["peers"]]
    for ident in idents[-40:]:
        commands += [["show", ident], ["show", ident, "--facts"]]
    commands.append(["show", idents[-1], "--document", "1"])
    commands.append(["show", idents[-1], "--stix"])
    for words in commands:
        bad = harmful(on_terminal(node, *words))
        if bad:
            found[" ".join(words[:1] + words[2:])] = bad
    check(not found, f"{node.handle}: {len(commands)} commands on a terminal print nothing harmful "
                     f"{found}")


CLEAR = b"\x1b[H\x1b[2J"


def watch_on_terminal(node):
    """`status --watch` draws its picture again and again until Ctrl-C is typed."""
    master, slave = pty.openpty()
    child = subprocess.Popen([federation.tocsin(), "status", "--watch", "1", "--home", node.home],
                             stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                             preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
                             env=dict(os.environ, NO_COLOR="1", TERM="xterm"))
    os.close(slave)
    output = b""
    while output.count(CLEAR) < 4:
        ready, _, _ = select.select([master], [], [], 60)
        if not ready:
            break
        output += os.read(master, 65536)
    os.write(master, b"\x03")
    status = child.wait(10)
    os.close(master)
    pictures = output.replace(b"\r\n", b"\n").split(CLEAR)
    check(status == -signal.SIGINT and len(pictures) == 5 and pictures[0] == b"",
          f"status --watch draws until Ctrl-C {status}")
    check(all(b"\nreplica" in picture and b"ORGANISATION" in picture for picture in pictures[1:3]),
          "the state of the node and its links")
    check(not harmful(b"".join(pictures[:4])), f"and nothing harmful {harmful(b''.join(pictures))}")


def main():
    texts = strings()
    folder = system.scratch()
    cert = federation.found("AA", "BB", "CC", name="Strings \u00e9\u6e2f", folder=folder)
    cert.start("AA", "BB")
    cert["AA"].wait_links(1)
    idents = publish_natively(cert["AA"], texts)
    name = os.path.join(folder, "\x1b[31mname\u202e.json")
    with open(name, "w", encoding="utf-8") as file:
        file.write(stix(texts))
    idents.append(cert["AA"].publish("--to", "all", "--tlp", "green", "--title", "all strings",
                                     name))
    for ident in (idents[0], idents[-1]):
        cert["BB"].wait_visible(ident)
    watch_on_terminal(cert["BB"])
    for handle in ("AA", "BB"):
        read_everything(cert[handle], idents, texts)
        read_on_terminal(cert[handle], idents)
    with open(name, "rb") as file:
        whole = file.read()
    check(cert["BB"].cli("show", idents[-1], "--document", "1", text=False).stdout == whole,
          "into a pipe the document comes out byte for byte")
    check(harmful(whole), "and what this test looks for is in it")
    for command, words in (("card", ["--name", "\x1b[31m"]), ("card", ["--phone", "\u202e1"])):
        done = cert["CC"].cli(command, "set", *words, "--credential", cert["CC"].credential,
                              status=None, text=False)
        check(not harmful(done.stdout) and not harmful(done.stderr),
              f"{command} set {words[0]} prints nothing harmful")
    log = cert["AA"].log_text() + cert["BB"].log_text()
    check(not HARMFUL.findall(log), "the nodes' logs hold nothing harmful")
    audit = os.path.join(cert["AA"].home, "audit.log")
    with open(audit, "rb") as file:
        check(not harmful(file.read()), "nor does the audit log")
    cert.stop()
    system.finish()


if __name__ == "__main__":
    main()
