#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What a document says of its TLP holds against the command line: nothing leaves below it, and each
refusal is one line that says what to do. The audit log keeps no words of a question."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

check = system.check
RED = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
ALIEN = "marking-definition--11111111-2222-4333-8444-555555555555"
NOTE = '"type":"note","id":"note--1","object_marking_refs":["%s"]'
# File name, bytes, options beside --to all, exit status, what the line says.
ROWS = [
    ("misp.json", '{"Event":{"Tag":[{"name":"tlp:red"}]}}', "--tlp green", 3, "TLP:RED"),
    ("csaf.json", '{"document":{"csaf_version":"2.0","distribution":{"tlp":{"label":"RED"}}}}',
     "--tlp green", 3, "TLP:RED"),
    ("a.yar", 'rule a {\n meta:\n  tlp = "RED"\n condition:\n  true\n}\n', "--tlp green", 3,
     "TLP:RED"),
    ("prose.txt", "This text speaks of TLP:RED.\n", "--tlp green", 3, "--lower-tlp"),
    ("prose.txt", "This text speaks of TLP:RED.\n", "--tlp green --lower-tlp why", 3,
     "take those words out"),
    ("amber.html", "<html><b>TLP:AMBER</b></html>", "--tlp green", 3, "--lower-tlp"),
    ("amber.html", "<html><b>TLP:AMBER</b></html>", "--tlp green --lower-tlp why", 0, ""),
    ("stix.json", "[1,{" + NOTE % RED + "}]", "--tlp green", 3, "TLP:RED"),
    ("alien.json", "{" + NOTE % ALIEN + "}", "--tlp green", 3, "does not define"),
    ("alien.json", "{" + NOTE % ALIEN + "}", "--tlp green --lower-tlp why", 0, ""),
    ("alien.json", "{" + NOTE % ALIEN + "}", "--tlp amber", 0, ""),
    ("alien.json", "{" + NOTE % ALIEN + "}", "", 2, "no TLP"),
    ("twice.json", '{"a":1,"a":2}', "--tlp green", 2, "twice.json:1:"),
    ("deep.json", "[" * 200 + "]" * 200, "--tlp green", 2, "deep.json:1:129: nested too deeply"),
    ("empty.json", "", "--tlp green", 2, "empty.json"),
    ("empty.txt", "", "--tlp green", 2, "empty.txt"),
]


def one_line(done, says):
    return done.stderr.count("\n") == 1 and done.stderr.startswith("tocsin: ") and \
        says in done.stderr


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def refusals(node, folder):
    for name, text, options, status, says in ROWS:
        before = node.json("query", status=None)
        done = node.cli("publish", "--title", "t", "--to", "all", *options.split(),
                        write(folder, name, text), status=None)
        right = done.returncode == status and (status == 0 or one_line(done, says))
        same = status == 0 or node.json("query", status=None) == before
        check(right and same, f"{name} {options}: exit {status} {says}"
              + ("" if right else f"; got {done.returncode}: {done.stderr.strip()}"))


def raised(node, folder):
    path = write(folder, "alien.json", "{" + NOTE % ALIEN + "}")
    row, = node.json("publish", "--title", "t", "--to", "all", "--tlp-missing", "green", path)
    check(row["tlp"] == "amber", f"an undefined marking raises --tlp-missing to AMBER {row['tlp']}")


def too_large(node, folder):
    path = os.path.join(folder, "large.txt")
    with open(path, "wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    done = node.cli("publish", "--title", "t", "--to", "all", "--tlp", "green", path, status=None)
    check(done.returncode == 2 and one_line(done, "large.txt is larger than 64 MiB"),
          "a file over 64 MiB is refused with exit 2 and its name")


def silent_audit(node):
    node.cli("query", "domain:secret-word.example since:30d", status=None)
    node.cli("query", "domain:secret-word.example nofield:secret-word", status=None)

    def log():
        with open(os.path.join(node.home, "audit.log"), encoding="utf-8") as file:
            return file.read()
    system.wait_for(lambda: "terms 2: domain since" in log(), 20, "the audit line of a query")
    check("secret-word" not in log(), "the audit log names the fields of a query, not its words")


def main():
    cert = federation.found("AA", "BB", "CC", name="Markings")
    cert.start("AA")
    folder = system.scratch()
    refusals(cert["AA"], folder)
    raised(cert["AA"], folder)
    too_large(cert["AA"], folder)
    silent_audit(cert["AA"])
    cert.stop()
    system.finish()


if __name__ == "__main__":
    main()
