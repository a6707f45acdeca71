#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What the manual promises of each command: rows, keys of --json, exit statuses, questions that are
asked on terminals alone, and policy on sharing."""
import json
import os
import pty
import select
import shutil
import signal
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import federation
import system

check = system.check
BUNDLE = os.path.join(system.SOURCE, "scripts", "demo-data", "glass-harbour.json")
KEYS = {"bulletin": {"id", "ref", "author", "kind", "severity", "tlp", "title", "published",
                     "groups", "status"},
        "lookup": {"value", "kind", "known", "bulletins"},
        "status": {"org", "node", "federation", "roster_number", "links", "logs", "entries",
                   "index_lag", "store_bytes", "alarms", "health", "behind", "behind_logs",
                   "behind_groups", "behind_since", "witnesses", "linked_orgs", "other_orgs",
                   "lags", "coming"}}
OVERLAY = {"dialled", "link_why", "rtt_ms", "rate", "eager_logs", "lazy_logs", "queued", "behind"}


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


def ends_with(node, status, *words, **options):
    return node.cli(*words, status=None, **options).returncode == status


def on_terminal(words, answers, environment=None):
    """Runs tocsin with a terminal; types an answer for each question. (exit status, output)"""
    master, slave = pty.openpty()
    child = subprocess.Popen([federation.tocsin(), *words], stdin=slave, stdout=slave, stderr=slave,
                             env=dict(os.environ, NO_COLOR="1", TERM="xterm",
                                      TOCSIN_TEST_ARGON_KIB="8", **(environment or {})))
    os.close(slave)
    output, answers = b"", list(answers)
    while True:
        ready, _, _ = select.select([master], [], [], 60)
        if not ready:
            child.kill()
            break
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        output += part
        if answers and answers[0][0] in output.decode("utf-8", "replace"):
            os.write(master, answers.pop(0)[1].encode() + b"\n")
    status = child.wait(60)
    os.close(master)
    return status, output.decode("utf-8", "replace").replace("\r\n", "\n")


# ---- publishing ----------------------------------------------------------------------------------

def publishing(cert, folder):
    node = cert["AA"]
    entries = node.json("status")[0]["entries"]
    row = node.json("publish", "--dry-run", "--to", "all", BUNDLE)[0]
    check(row["indicators"] == 41 and row["tlp"] == "green" and row["id"] is None and
          set(row["audience_names"]) >= {"BB", "CC"}, "--dry-run shows counts, TLP and audience")
    shown = node.cli("publish", "--dry-run", "--to", "all", BUNDLE).stdout
    check("; indicators 41; warnings 0\n" in shown, f"a person sees the counts side by side {shown}")
    check(node.json("status")[0]["entries"] == entries and ends_with(node, 1, "query"),
          "and publishes nothing")
    ident = node.publish("--to", "all", BUNDLE)
    row = node.json("query", f"id:{ident}")[0]
    check(set(row) >= KEYS["bulletin"], "query --json has its keys")
    check(row["title"].startswith("Glass Harbour") and row["tlp"] == "green",
          "title and TLP come from the document")

    tree = os.path.join(folder, "tree")
    os.makedirs(os.path.join(tree, "sub", ".git"))
    write(tree, "b.txt", "second.example.org\n")
    write(os.path.join(tree, "sub"), "a.txt", "first.example.org\n")
    write(os.path.join(tree, "sub", ".git"), "hidden.txt", "hidden.example.org\n")
    os.symlink("/etc/hostname", os.path.join(tree, "link"))
    several = node.publish("--to", "all", "--tlp", "clear", "--title", "a folder", tree, "-",
                           stdin="third.example.org\n")
    documents = node.json("show", several)[0]["documents"]
    check([document["name"] for document in documents] == ["b.txt", "a.txt", "stdin"],
          "a folder and stdin make one bulletin of several documents; dot files and links stay out")
    check(node.cli("show", several, "--document", "3").stdout == "third.example.org\n",
          "each comes out as it went in")
    done = node.cli("publish", "--each", "--to", "all", "--tlp", "clear", "--title", "each", tree)
    check(done.stdout.count("\n") == 2 and "published 2, skipped 0, refused 0" in done.stderr,
          "--each makes one bulletin a file and counts")

    native = node.publish(
        "--to", "BB,CC", "--tlp", "tlp:amber", "--title", "native", "--summary", "*Markdown*",
        "--severity", "HIGH", "--kind", "alert", "--pap", "green", "--lang", "fr", "--ref", "R-1",
        "--valid-until", "30d", "--ack-within", "4h", "--actor", "APT, with comma", "--target",
        "fr,DE", "--sector", "energy", "--technique", "T1190", "--cve", "cve-2026-1234", "--ioc",
        "domain:native.example", "--ioc", "url:http://native.example/x", "--exercise")
    row = node.json("show", native)[0]
    check(row["severity"] == "high" and row["tlp"] == "amber" and row["ref"] == "R-1" and
          row["exercise"] and row["actors"] == ["APT, with comma"] and
          row["targets"] == ["FR", "DE"] and row["ack_within_ms"] == 14400000,
          "every native field is kept")
    check([hit["id"] for hit in node.json("query", "severity>=high", "target:de", "kind:alert")] ==
          [native], "and asked for by query")
    for handle in ("BB", "CC"):
        cert[handle].wait_visible(native)
    return ident, native


# ---- questions -----------------------------------------------------------------------------------

def asking(cert, ident):
    node = cert["BB"]
    node.wait_visible(ident)
    rows = node.lookup("192.0.2.17", "hxxp://harbour-docs[.]example/addin/TideTables.xlam",
                       "never.example", "CVE-2026-99001")
    check([row["known"] for row in rows] == [True, True, False, True] and
          all(set(row) >= KEYS["lookup"] for row in rows), "lookup --json has its keys, in order")
    inside = {row["indicator"] for row in node.lookup("198.51.100.0/24") if row["known"]}
    check(inside == {"198.51.100.23", "198.51.100.77", "198.51.100.201"},
          f"a network answers with every indicator inside {inside}")
    below = {row["indicator"] for row in node.lookup("*.saltpan.example") if row["known"]}
    check(below == {"ns1.saltpan.example", "ns2.saltpan.example"},
          f"*.name answers with every name below {below}")
    check(not any(row["known"] for row in node.lookup("saltpan.example")),
          "the name itself is not known by that")
    url = cert["AA"].publish("--to", "all", "--tlp", "clear", "--title", "url", "--ioc",
                             "url:https://only-url.example/x")
    node.wait_visible(url)
    check(ends_with(node, 1, "lookup", "only-url.example") and
          ends_with(node, 0, "lookup", "--hosts", "only-url.example"),
          "the host of a URL answers with --hosts alone")
    why = node.json("lookup", "--why", "192.0.2.17")[0]["bulletins"]
    check(why and all("document" in row for row in why), "--why names the document")
    done = node.cli("lookup", "-", stdin="192.0.2.17\n\nnever.example\r\n", status=None)
    check(done.returncode == 0 and done.stdout.count("\n") == 2, "values come from stdin too")
    many = "\n".join(f"n{number}.never.example" for number in range(2500)) + "\n192.0.2.45\n"
    done = node.cli("lookup", "-", stdin=many, status=None)
    check(done.returncode == 0 and done.stdout.count("\n") == 2501, "thousands of them")
    check(ends_with(node, 1, "lookup", "never.example") and ends_with(node, 1, "query", "tlp:red"),
          "nothing found exits 1")
    check(all(len(line.split("\t")) == 8 for line in
              node.cli("query").stdout.splitlines()), "a pipe gets tab-separated rows")
    check(len(node.json("query", "--limit", "1")) == 1, "--limit limits")
    status = node.json("status")[0]
    check(set(status) >= KEYS["status"] and status["org"] == "BB" and
          status["federation"] == "Commands", "status --json has its keys")
    check({row["org"] for row in node.json("peers")} == {"AA", "CC"}, "peers lists every other node")
    check(all(set(row) >= OVERLAY for row in node.json("peers") if row["established"]),
          "with what the overlay does with its link")
    check(all(len(line.split("\t")) == 15 for line in node.cli("peers").stdout.splitlines()),
          "in fifteen columns")
    watching(cert)
    check(node.cli("show", ident[:10].upper()).returncode == 0,
          "ten characters of an id are enough, in any case")
    stix = node.cli("show", ident, "--stix", text=False).stdout
    with open(BUNDLE, "rb") as file:
        check(stix == file.read(), "--stix gives the STIX document byte for byte")
    check(ends_with(node, 2, "show", ident, "--document", "7"), "a document that is not there exits 2")


def watch(node, *words, until):
    """Runs `status --watch` until enough was printed, then interrupts it. (exit status, output)"""
    child = subprocess.Popen([federation.tocsin(), "status", "--home", node.home, *words],
                             stdout=subprocess.PIPE, text=True)
    lines = []
    while len(lines) < until:
        lines.append(child.stdout.readline())
    child.send_signal(signal.SIGINT)
    return child.wait(10), lines


def watching(cert):
    node = cert["BB"]
    system.wait_for(lambda: node.json("status")[0]["health"] == "complete", 30,
                    "status says that the node is complete")
    line = next(line for line in node.cli("status").stdout.splitlines()
                if line.startswith("replica"))
    check(line.split(maxsplit=1)[1].startswith("complete"), "and says so in one line")
    row = node.json("status")[0]
    check(row["behind"] == 0 and row["behind_since"] is None and row["lags"] == [] and
          row["linked_orgs"] == 2 and row["other_orgs"] == 2, f"nothing is missing {row}")
    status, lines = watch(node, "--watch", "1", until=3)
    check(status == -signal.SIGINT and all(len(line.split("\t")) == 8 for line in lines),
          f"status --watch prints a line each time into a pipe, until Ctrl-C {status} {lines[:1]}")
    check(all(line.split("\t")[1:4] == ["complete", "2", "2"] for line in lines),
          "health, links and organisations")
    _, lines = watch(node, "--watch", "--json", until=2)
    check(all(set(json.loads(line)) >= KEYS["status"] for line in lines), "or JSON Lines")
    for words in (["--watch", "0"], ["--watch", "3601"], ["--watch", "x"], ["2"],
                  ["--watch", "1", "2"]):
        check(ends_with(node, 2, "status", *words), f"status {' '.join(words)} exits 2")
    check("--watch" not in node.cli("status", "2", status=None).stderr,
          "and one picture with SECONDS says nothing of an option that was not given")
    check(lines[0] and all(json.loads(line)["coming"] == 0 for line in lines), "nothing is coming")
    orgs = [row["org"] for row in cert["BB"].json("peers")]
    check(orgs == sorted(orgs), f"peers are sorted by organisation {orgs}")


def alone(cert):
    """A node that is cut off says so; a picture that is watched outlives its node."""
    node = cert["AA"]
    before = node.log_text().count("no link to any other node")
    cert["BB"].stop()
    child = subprocess.Popen([federation.tocsin(), "status", "--home", node.home, "--watch", "1"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    first = child.stdout.readline().rstrip("\n").split("\t")
    check(first[5:7] == ["-", "-"], f"the first line has no rates yet {first}")
    cert["CC"].stop()
    row = system.wait_for(lambda: next((row for row in node.json("status")
                                        if row["health"] == "cut off"), None), 30, "cut off")
    check(any("no link to any other node" in alarm for alarm in row["alarms"]) and
          row["behind_since"], f"alarm, and since when {row['alarms']}")
    system.wait_for(lambda: node.log_text().count("no link to any other node") > before, 30,
                    "the log says so")
    done = node.cli("publish", "--to", "all", "--tlp", "clear", "--title", "waits")
    check(done.stderr == "tocsin: no link to another node stands: it goes out when one does\n",
          f"publish says that it goes out later {done.stderr}")
    cert.start("BB")
    cert["BB"].wait_visible(done.stdout.strip())
    system.wait_for(lambda: node.log_text().count("stands again") > before, 30,
                    "the log says that it ended")
    text = node.log_text()
    check(text.count("no link to any other node") == text.count("stands again") == before + 1,
          "once each")
    check("AA writes to an audience" not in text, "a node does not tell of its own groups")
    node.stop()
    while "no node runs" not in (line := child.stdout.readline()):
        check(line != "", "status --watch goes on while no node runs")
    check(len(line.split("\t")) == 8, f"in as many columns {line}")
    node.start()
    while "no node runs" in (line := child.stdout.readline()) or "stopping" in line:
        pass
    check(len(line.split("\t")) == 8, f"and shows the node that runs again {line}")
    child.send_signal(signal.SIGINT)
    check(child.wait(10) == -signal.SIGINT and child.stderr.read() == "", "until Ctrl-C")


def sharing(cert, ident, native):
    check(ends_with(cert["BB"], 3, "share", native, "--to", "all"),
          "AMBER of another is not shared: exit 3")
    check(ends_with(cert["BB"], 0, "share", ident, "--to", "CC"), "GREEN of another is")
    row = cert["AA"].json("share", native, "--to", "all")[0]
    check(row["id"] == native, "the author shares on, under the same id")
    entries = cert["AA"].json("status")[0]["entries"]
    done = cert["AA"].cli("share", native, "--to", "all")
    check("already" in done.stderr and cert["AA"].json("status")[0]["entries"] == entries,
          "to share with those who have it sends nothing, and says so")
    groups = cert["AA"].json("query", f"id:{native}")[0]["groups"]
    check("all" in groups and len(groups) == 2, f"both audiences are named {groups}")
    check(len(cert["CC"].json("query", f"id:{native}")) == 1, "a bulletin that came twice is one")


# ---- terminals -----------------------------------------------------------------------------------

def terminals(cert, folder):
    node = cert["AA"]
    home = ["--home", node.home]
    count = len(node.json("query"))
    status, text = on_terminal(["publish", "--to", "all", "--tlp", "green", "--title", "asked",
                                *home], [("[y/N]", "n")])
    check(status != 0 and "to" in text and len(node.json("query")) == count,
          "a terminal is asked before publishing; no publishes nothing")
    status, text = on_terminal(["publish", "--title", "asked", *home],
                               [("To (", "all"), ("TLP (", "green"), ("[y/N]", "y")])
    check(status == 0 and len(node.json("query")) == count + 1,
          "what is missing is asked for; yes publishes")
    editor = write(folder, "editor", "#!/bin/sh\nsed -i 's/^Title: /Title: edited/; "
                   "s/^To: /To: BB/; s/^TLP: /TLP: amber/; s/^Targets: /Targets: fr, ee/' \"$1\"\n"
                   "echo 'Below the line.' >>\"$1\"\n")
    os.chmod(editor, 0o700)
    status, text = on_terminal(["publish", *home], [("[y/N]", "y")], {"EDITOR": editor})
    row = node.json("query", "--limit", "1")[0]
    shown = node.json("show", row["id"])[0]
    check(status == 0 and row["title"] == "edited" and row["tlp"] == "amber" and
          shown["summary"] == "Below the line." and shown["targets"] == ["FR", "EE"],
          "without a file the editor's text is published")
    status, text = on_terminal(["query", *home], [])
    check(status == 0 and text.startswith("ID ") and "\t" not in text,
          "a terminal gets a table with a header")
    check("\x1b" not in text, "NO_COLOR is respected")


def keys(folder):
    """Keys and passphrases without a node."""
    home = os.path.join(folder, "own")
    one, two = write(folder, "one", "correct horse\n"), write(folder, "two", "battery staple\n")
    base = ["--org", "KEYS", "--country", "fr", "--listen", "none"]
    recovery = os.path.join(folder, "KEYS-recovery.key")
    done = federation.run_cli("init", *base, "--home", home, status=None)
    check(done.returncode == 2 and not os.path.exists(home),
          "init without terminal and without passphrase asks nothing and makes nothing")
    short, loose = write(folder, "short", "seven77\n"), write(folder, "loose", "correct horse\n")
    os.chmod(loose, 0o644)
    for claim, status, words in (
            ("a passphrase of seven bytes", 2, ["--passphrase-file", short]),
            ("a passphrase file that others can read", 5, ["--passphrase-file", loose]),
            ("a passphrase file that is not there", 2, ["--passphrase-file", folder + "/none"]),
            ("a mail address that is none", 2, ["--passphrase-file", one, "--mail", "not a mail"])):
        done = federation.run_cli("init", *base, "--home", home, *words, status=None)
        check(done.returncode == status and done.stderr.count("\n") == 1 and
              not os.path.exists(home), f"init is refused: {claim}")
    done = federation.run_cli("init", *base, "--home", home, "--passphrase-file", one,
                              "--recovery-out", os.path.join(home, "r.key"), status=None)
    check(done.returncode == 2 and not os.path.exists(home),
          "a recovery key inside the home is refused, nothing is made")
    row = json.loads(federation.run_cli("init", *base, "--home", home, "--passphrase-file", one,
                                        "--recovery-out", recovery, "--json").stdout)
    check(len(row["fingerprint"].split()) == 6 and len(row["recovery_code"]) == 29,
          "init prints fingerprint and recovery code")
    check(stat.S_IMODE(os.stat(home).st_mode) == 0o700 and
          all(stat.S_IMODE(os.stat(os.path.join(home, name)).st_mode) == 0o600
              for name in os.listdir(home)), "folder 0700, files 0600")
    done = federation.run_cli("init", *base, "--home", home, "--passphrase-file", one, status=None)
    check(done.returncode == 5 and "home already" in done.stderr, "a second init is refused")
    shutil.copytree(home, home + ".before")
    done = federation.run_cli("keys", "passphrase", "--home", home, "--passphrase-file", two,
                              "--new-passphrase-file", one, status=None)
    check(done.returncode == 5 and same_files(home, home + ".before"),
          "a wrong passphrase changes nothing")
    federation.run_cli("keys", "passphrase", "--home", home, "--passphrase-file", one,
                       "--new-passphrase-file", two)
    done = federation.run_cli("card", "set", "--home", home, "--phone", "1", "--passphrase-file",
                              one, status=None)
    check(done.returncode == 5, "the old passphrase opens nothing any more")
    card = json.loads(federation.run_cli("card", "set", "--home", home, "--phone", "+33 1",
                                         "--passphrase-file", two, "--json").stdout)
    check(card["serial"] == 2 and card["phone"] == "+33 1" and card["country"] == "FR" and
          card["fingerprint"] == row["fingerprint"], "the new one signs the next card")
    foreign(folder, home, base, two)
    status, text = on_terminal(["card", "set", "--home", home, "--phone", "+33 2"],
                               [("assphrase", "battery staple")])
    check(status == 0 and "battery" not in text, "a terminal is asked, without echo")


def foreign(folder, home, base, passphrase):
    """Key files of another organisation, and longer ones."""
    other, mine = os.path.join(folder, "other"), home + ".mine"
    federation.run_cli("init", *base, "--home", other, "--passphrase-file", passphrase,
                       "--recovery-out", os.path.join(folder, "other-recovery.key"))
    shutil.copytree(home, mine)
    for name, spoil, words in (
            ("org.key", lambda _: read(other, "org.key"), "another organisation"),
            ("org.key", lambda before: before + b"\0", "org.key: it is damaged")):
        before = read(home, name)
        with open(os.path.join(home, name), "wb") as file:
            file.write(spoil(before))
        done = federation.run_cli("card", "set", "--home", home, "--phone", "+33 3",
                                  "--passphrase-file", passphrase, status=None)
        check(done.returncode == 5 and words in done.stderr and done.stderr.count("\n") == 1,
              f"card set is refused: {words}")
        with open(os.path.join(home, name), "wb") as file:
            file.write(before)
        check(same_files(home, mine), "and the card stays as it was")


def read(folder, name):
    with open(os.path.join(folder, name), "rb") as file:
        return file.read()


def same_files(one, two):
    names = sorted(os.listdir(one))
    if names != sorted(os.listdir(two)):
        return False
    for name in names:
        with open(os.path.join(one, name), "rb") as a, open(os.path.join(two, name), "rb") as b:
            if a.read() != b.read():
                return False
    return True


def signed_by(genesis):
    rows = federation.run_cli("federation", "show", genesis, "--json").stdout.splitlines()
    return {row["org"]: row["signed"] for row in map(json.loads, rows)}


def founding(folder):
    """Drafts, signatures that are missing, and a secret that goes round by hand."""
    names = ["XA", "XB", "XC"]
    nodes = [federation.Node(os.path.join(folder, "f"), name, "FR") for name in names]
    os.mkdir(os.path.join(folder, "f"), 0o700)
    for node in nodes:
        node.init()
    genesis, secret = os.path.join(folder, "genesis"), os.path.join(folder, "secret")
    key = ["--credential", nodes[0].credential]
    done = nodes[0].cli("federation", "found", "--name", "F", "-o", genesis, nodes[1].card, *key,
                        status=None)
    check(done.returncode == 2 and not os.path.exists(genesis), "two founders are too few: exit 2")
    done = nodes[0].cli("federation", "found", "--name", "F", "-o", genesis, "--secret-out", secret,
                        *(node.card for node in nodes), *key)
    code = write(folder, "code", done.stdout.split("its code")[1].split()[0] + "\n")
    hand = ["--secret", secret, "--secret-code-file", code]
    for node in nodes:
        own = ["--credential", node.credential]
        check(ends_with(node, 2, "federation", "sign", genesis, "--yes", *own),
              f"{node.handle}: without the secret nobody signs")
        check(ends_with(node, 2, "federation", "sign", genesis, *own, *hand) and
              not signed_by(genesis)[node.handle],
              f"{node.handle}: nor without a terminal and --yes")
        check(ends_with(node, 3, "federation", "adopt", genesis, *own, *hand),
              f"{node.handle}: adopt exits 3 while a signature is missing")
        node.cli("federation", "sign", genesis, "--yes", *own, *hand)
        done = node.cli("federation", "sign", genesis, *own, *hand)
        check("already" in done.stdout, f"{node.handle}: a second signature is none")
    check(list(signed_by(genesis).values()) == [True] * 3, "show says who has signed")
    for node in nodes:
        node.cli("federation", "adopt", genesis, "--credential", node.credential, *hand)
        node.start(wait=False)
    for node in nodes:
        node.wait_answering()
        node.wait_links(2)
    ident = nodes[0].publish("--to", "all", "--tlp", "green", "--title", "by hand")
    nodes[2].wait_visible(ident)
    check(True, "a federation whose secret went by hand works")
    for node in nodes:
        node.stop()


def main():
    folder = system.scratch()
    keys(folder)
    founding(folder)
    cert = federation.found("AA", "BB", "CC", name="Commands")
    cert.start("AA", "BB", "CC")
    cert["AA"].wait_links(2)
    ident, native = publishing(cert, folder)
    asking(cert, ident)
    sharing(cert, ident, native)
    terminals(cert, folder)
    alone(cert)
    cert.stop()
    system.finish()


if __name__ == "__main__":
    main()
